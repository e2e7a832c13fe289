import { setTimeout as delay } from 'node:timers/promises';
import { backoffDelayMs } from '../../engine/retry/backoff.ts';
import { Signal } from '../../engine/stream/signal.ts';
import { toError } from '../../protocol/errors/lockstep-error.ts';
import type { EventSink } from '../../protocol/events.ts';
import type { ResolvedAlerts } from '../config/resolved-config.ts';
import type { Waiting } from './alert-memory.ts';
import { sendTo } from './deliver/send.ts';
import type { AlertTarget } from './target.ts';

/** A message that waits, and how it is forgotten once it was taken. */
export interface Pending extends Waiting {
  readonly forget: () => Promise<void>;
}

export interface WorkerParts {
  readonly name: string;
  readonly target: AlertTarget;
  readonly events: EventSink;
  readonly settings: Pick<ResolvedAlerts, 'timeoutMs' | 'retry'>;
}

interface Partly {
  readonly left: readonly string[];
  readonly attempts: number;
  /** By `performance.now()`. */
  readonly dueMs: number;
}

const factor = 2;
/** An attempt that is under way when it ends may have been taken already: it gets so long to say so. */
const graceMs = 2_000;

/**
 * Delivers to one target, one message after the other, in the order in which they were told. A target that is away is asked again after
 * longer and longer pauses; neither the engine nor another target waits for it.
 */
export class TargetWorker implements AsyncDisposable {
  readonly #parts: WorkerParts;
  readonly #stopping = new AbortController();
  readonly #givenUp = new AbortController();
  readonly #moved = new Signal();
  readonly #running: Promise<void>;
  #queue: readonly Pending[] = [];
  /** By message: some addresses of the target have it, others have put it off. It waits by itself, and keeps nobody from what comes later. */
  readonly #partly = new Map<string, Partly>();
  /** The last attempt failed. */
  #isAway = false;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.#running = this.#run();
  }

  get name(): string {
    return this.#parts.name;
  }

  /** What waits of a pipeline, in order; takes the place of what was said before. */
  set(pipeline: string, pending: readonly Pending[]): void {
    const others = this.#queue.filter(({ message }) => message.pipeline !== pipeline);
    this.#queue = [...others, ...pending].sort((a, b) => a.message.atMs - b.message.atMs);
    this.#forgetGone();
    this.#moved.fire();
  }

  /** Resolves once nothing waits, or when the target is away, or the signal aborts. */
  async flushed(signal: AbortSignal): Promise<void> {
    while (this.#untold().length > 0 && !this.#isAway && !signal.aborted)
      await this.#moved.next(signal).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('alerts end'));
    const timer = setTimeout(() => this.#givenUp.abort(new Error('alerts end')), graceMs);
    await this.#running;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      const next = this.#next();
      if (next === undefined) {
        await this.#moved.next(AbortSignal.any([signal, ...this.#whenDue()])).catch(() => undefined);
        continue;
      }
      const pauseMs = await this.#attempt(next, failures + 1);
      failures = pauseMs === null ? 0 : failures + 1;
      if (pauseMs !== null) await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What nobody has yet. */
  #untold(): readonly Pending[] {
    return this.#queue.filter(({ message }) => !this.#partly.has(message.id));
  }

  #next(): Pending | undefined {
    const nowMs = performance.now();
    const due = this.#queue.find(
      ({ message }) => (this.#partly.get(message.id)?.dueMs ?? nowMs + 1) <= nowMs,
    );
    return due ?? this.#untold()[0];
  }

  #whenDue(): readonly AbortSignal[] {
    if (this.#partly.size === 0) return [];
    const dueMs = Math.min(...[...this.#partly.values()].map((each) => each.dueMs));
    return [AbortSignal.timeout(Math.max(0, Math.ceil(dueMs - performance.now())))];
  }

  #forgetGone(): void {
    const ids = new Set(this.#queue.map(({ message }) => message.id));
    for (const id of this.#partly.keys()) if (!ids.has(id)) this.#partly.delete(id);
  }

  /** Null: others can come. Else how long to wait before the next attempt. */
  async #attempt(pending: Pending, failures: number): Promise<number | null> {
    const { name, target, events, settings } = this.#parts;
    const { message } = pending;
    const { pipeline, alert } = message;
    const partly = this.#partly.get(message.id);
    const attempt = partly === undefined ? failures : partly.attempts + 1;
    const tried = { message, left: partly?.left, signal: this.#givenUp.signal };
    const delivery = await sendTo(target, tried, settings.timeoutMs);
    if (this.#givenUp.signal.aborted && delivery.kind !== 'delivered') return null;
    const left = delivery.kind === 'failed' ? (delivery.left ?? partly?.left) : undefined;
    this.#isAway = delivery.kind === 'failed' && left === undefined;
    switch (delivery.kind) {
      case 'delivered':
        await this.#done(pending);
        events.emit('alert.delivered', { pipeline, target: name, alert, state: message.state, attempt });
        return null;
      case 'refused':
        await this.#done(pending);
        this.#tellFailure(pending, { attempt, detail: delivery.detail, delayMs: null });
        return null;
      case 'failed': {
        const pauseMs = this.#pauseMs(attempt, delivery.retryAfterMs);
        this.#tellFailure(pending, { attempt, detail: delivery.detail, delayMs: pauseMs });
        this.#moved.fire();
        if (left === undefined) return pauseMs;
        this.#partly.set(message.id, { left, attempts: attempt, dueMs: performance.now() + pauseMs });
        return null;
      }
    }
  }

  #pauseMs(attempt: number, retryAfterMs: number | null): number {
    const { retry } = this.#parts.settings;
    const jittered = backoffDelayMs({ ...retry, factor }, attempt, { jitter: 'half' });
    return Math.round(Math.max(jittered, retryAfterMs ?? 0));
  }

  /** What can't be forgotten now is delivered once more by whoever reads it next: rather twice than never. */
  async #done(pending: Pending): Promise<void> {
    this.#queue = this.#queue.filter(({ message }) => message.id !== pending.message.id);
    this.#forgetGone();
    await pending.forget().catch((thrown: unknown) => {
      const { pipeline } = pending.message;
      const { message } = toError(thrown);
      this.#parts.events.emit('alerts.hindered', { pipeline, message });
    });
    this.#moved.fire();
  }

  #tellFailure(
    { message: { pipeline, alert, state } }: Pending,
    failure: { readonly attempt: number; readonly detail: string; readonly delayMs: number | null },
  ): void {
    this.#parts.events.emit('alert.undelivered', { pipeline, target: this.name, alert, state, ...failure });
  }
}
