import { setTimeout as delay } from 'node:timers/promises';
import { type LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Retained } from '../../protocol/feed.ts';
import type { Lag } from '../../protocol/status.ts';
import type { Json } from '../../protocol/value.ts';
import { Forgetting } from '../health/forgetting.ts';
import type { StreamContext } from '../stream/context.ts';
import type { Ledger } from '../stream/ledger.ts';
import type { Condition } from './condition.ts';
import { freshMs, lagOf, type SeenHeads } from './lag.ts';
import type { LiveMemory } from './memory.ts';

export interface ReporterParts {
  readonly context: StreamContext;
  readonly memory: LiveMemory;
  readonly condition: Condition;
}

/** What is known once the stream is open. */
export interface Followed {
  readonly ledger: Ledger;
  /** What else `status` shows. */
  readonly details: () => { readonly [name: string]: Json };
}

const everyMs = 1_000;
const mostWaitMs = 250;
const retainedEvery = 10;

/** Says about once a second how far behind the destination is, and keeps it for `status`: off the loop that applies. */
export class Reporter {
  readonly #parts: ReporterParts;
  /** Of the last seconds, oldest first. */
  #heads: readonly SeenHeads[] = [];
  #followed: Followed | null = null;
  #retained: Retained | null = null;
  readonly #forgetting = new Forgetting();
  #looking = false;
  #failure: LockstepError | null = null;
  #changes = 0;
  #rate = 0;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  /** Changes that were applied since the last call. */
  counted(changes: number): void {
    this.#changes += changes;
  }

  /** Before there is a stream, what is told is what the pipeline is about. */
  follow(followed: Followed): void {
    this.#followed = followed;
  }

  get lag(): Lag {
    const { feed, clock } = this.#parts.context;
    if (this.#followed === null) return { kind: 'unknown', atLeastMs: 0 };
    return lagOf({ ledger: this.#followed.ledger, feed, seen: this.#heads, nowMs: clock.now() });
  }

  async run(stopping: AbortSignal): Promise<void> {
    for (let turn = 0; !stopping.aborted; turn += 1) {
      // A source that answers is heard before anything is said.
      await Promise.race([this.#startLook(turn), delay(mostWaitMs)]);
      if (this.#failure !== null) throw this.#failure;
      await this.#tell();
      await delay(everyMs, undefined, { signal: stopping }).catch(() => undefined);
    }
    await this.#tell();
  }

  /** A source that does not answer must not keep us from saying so: what is told does not wait for it. */
  async #startLook(turn: number): Promise<void> {
    if (this.#followed === null || this.#looking) return;
    this.#looking = true;
    await this.#look(turn % retainedEvery === 0)
      .catch((thrown: unknown) => {
        this.#failure = toLockstepError(thrown);
      })
      .finally(() => {
        this.#looking = false;
      });
  }

  /** Without contact the lag is unknown, which is said; the streams themselves say why. */
  async #look(withRetained: boolean): Promise<void> {
    const { context } = this.#parts;
    const { feed, signal, clock } = context;
    try {
      const seen = { heads: await feed.head('through', { signal }), readAtMs: clock.now() };
      this.#heads = [...this.#heads.filter(({ readAtMs }) => seen.readAtMs - readAtMs <= freshMs), seen];
      if (!withRetained) return;
      this.#retained = await feed.retained({ signal });
      this.#forgetting.seen(this.#retained, clock.now());
    } catch (thrown) {
      if (toLockstepError(thrown).class === 'pipeline' && !signal.aborted) throw thrown;
    }
  }

  async #tell(): Promise<void> {
    const { context, memory, condition } = this.#parts;
    if (context.signal.aborted) return;
    const { lag } = this;
    this.#rate = this.#changes / (everyMs / 1000);
    this.#changes = 0;
    const forgetsInMs = this.#forgetting.inMs(context.clock.now());
    const { pipeline } = context;
    if (this.#followed !== null)
      context.events.emit('lag', { pipeline, lag, retained: this.#retained, forgetsInMs });
    const { status, reason, nextStep, sinceMs } = condition.report;
    await memory.setStatus({
      status,
      reason,
      nextStep,
      sinceMs,
      lag: { ...lag },
      rates: { changesPerSecond: this.#rate },
      retained: this.#retained === null ? null : { ...this.#retained },
      forgetsInMs,
      away: condition.away.map((each) => ({ ...each })),
      savedAtMs: context.clock.now(),
      ...this.#followed?.details(),
    });
  }
}
