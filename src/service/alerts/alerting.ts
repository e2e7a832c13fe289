import { setTimeout as delay } from 'node:timers/promises';
import { settingsOf } from '../../engine/alerts/settings.ts';
import type { ControlStore } from '../../protocol/control-store.ts';
import { toError } from '../../protocol/errors/lockstep-error.ts';
import type { EventSink } from '../../protocol/events.ts';
import type { ResolvedAlerts, ResolvedPipeline } from '../config/resolved-config.ts';
import { HealthWatch } from '../health.ts';
import type { EventSource, Lockstep } from '../lockstep.ts';
import type { Redactor } from '../redact.ts';
import { StatusView } from '../status-view.ts';
import { factsOf } from './facts-of.ts';
import { PipelineAlerts } from './pipeline-alerts.ts';
import { TargetWorker } from './target-worker.ts';

export interface AlertingParts {
  /** Those that this process runs. */
  readonly pipelines: readonly ResolvedPipeline[];
  readonly alerts: ResolvedAlerts;
  readonly engine: Pick<Lockstep, 'status'>;
  readonly events: EventSink & EventSource;
  readonly store: () => Promise<ControlStore>;
  /** What targets are told leaves this machine: it must not hold a secret, whatever a server put into an error. */
  readonly redact: Redactor;
}

/** That work on a pipeline has ended. */
export interface End {
  /** What it failed with; null: the control store says how it went. */
  readonly failure: string | null;
}

/** After a run that ends, what it has to tell may take so long. */
const flushMs = 10_000;

/**
 * Watches pipelines while a process runs them. Nothing that goes wrong here reaches them: what hinders alerts is told, and tried again with
 * the next look.
 */
export class Alerting implements AsyncDisposable {
  readonly #parts: AlertingParts;
  readonly #health: HealthWatch;
  readonly #statuses: StatusView;
  readonly #workers: ReadonlyMap<string, TargetWorker>;
  readonly #stopping = new AbortController();
  readonly #watchedSinceMs = Date.now();
  readonly #never = new AbortController().signal;
  readonly #watched = new Map<string, PipelineAlerts>();
  readonly #hindered = new Map<string, string>();
  readonly #running: Promise<void>;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: AlertingParts) {
    const { alerts, events, pipelines, engine } = parts;
    this.#parts = parts;
    this.#health = new HealthWatch(
      events,
      pipelines.map(({ name }) => name),
    );
    this.#statuses = new StatusView({ status: engine.status.bind(engine), events });
    this.#workers = new Map(
      [...alerts.targets].map(([name, target]) => [
        name,
        new TargetWorker({ name, target, events, settings: alerts }),
      ]),
    );
    this.#running = this.#run();
  }

  /** Looks once more at what has ended, and gives targets that are there some time to take what there is. */
  async finish(ends: ReadonlyMap<string, End>, hurry: AbortSignal): Promise<void> {
    await this.#look(ends);
    const signal = AbortSignal.any([hurry, AbortSignal.timeout(flushMs)]);
    await Promise.all([...this.#workers.values()].map((worker) => worker.flushed(signal)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('alerts end'));
    await this.#running;
    await Promise.all([...this.#workers.values()].map((worker) => worker[Symbol.asyncDispose]()));
    for (const [pipeline, watched] of this.#watched)
      await watched[Symbol.asyncDispose]().catch((thrown: unknown) => this.#tellHindered(pipeline, thrown));
    this.#health[Symbol.dispose]();
    this.#statuses[Symbol.dispose]();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await delay(this.#parts.alerts.lookEveryMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.#look(new Map());
    }
  }

  /** One at a time: two looks would tell the same twice. */
  async #look(ends: ReadonlyMap<string, End>): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookAtAll(ends));
    await this.#looking;
  }

  async #lookAtAll(ends: ReadonlyMap<string, End>): Promise<void> {
    for (const pipeline of this.#parts.pipelines) {
      const { name } = pipeline;
      try {
        await this.#lookAt(pipeline, ends.get(name) ?? null);
        this.#hindered.delete(name);
      } catch (thrown) {
        this.#tellHindered(name, thrown);
      }
    }
  }

  async #lookAt(pipeline: ResolvedPipeline, end: End | null): Promise<void> {
    const { name } = pipeline;
    // Once its work has ended, what was told meanwhile is old.
    const read = end === null ? this.#statuses.read(name, this.#never) : this.#parts.engine.status(name);
    const [status] = await read;
    const health = this.#health.of(name);
    if (status === undefined || health === null) return;
    const watched = this.#watched.get(name) ?? this.#open(pipeline, await this.#parts.store());
    if (this.#statuses.isStandby(name)) return await watched.leaveToOther();
    const failed = end?.failure == null ? {} : { status: 'failed' as const, reason: end.failure };
    const told = { ...status, ...failed };
    const reason = this.#parts.redact(told.reason);
    const [nowMs, watchedSinceMs] = [Date.now(), this.#watchedSinceMs];
    const seen = { nowMs, watchedSinceMs, isOver: end !== null };
    await watched.look(factsOf({ ...told, reason }, health, seen));
  }

  #open({ name, settings }: ResolvedPipeline, store: ControlStore): PipelineAlerts {
    const { alerts, events } = this.#parts;
    const { rules, targets } = settings.alerts;
    const { lookEveryMs, settleMs, words } = alerts;
    const watched = new PipelineAlerts({
      pipeline: name,
      store,
      events,
      options: { settings: settingsOf([alerts.rules, rules]), settleMs },
      lookEveryMs,
      words,
      workers: [...this.#workers.values()].filter((worker) => targets?.includes(worker.name) ?? true),
    });
    this.#watched.set(name, watched);
    return watched;
  }

  /** The same again and again says nothing new. */
  #tellHindered(pipeline: string, thrown: unknown): void {
    const { message } = toError(thrown);
    if (this.#hindered.get(pipeline) === message) return;
    this.#hindered.set(pipeline, message);
    this.#parts.events.emit('alerts.hindered', { pipeline, message });
  }
}
