import type { EventSink } from '../../protocol/events.ts';
import type { PipelineName } from '../../protocol/names.ts';
import type { PipelineStatus, StatusReport } from '../../protocol/status.ts';
import { type LifecycleEvent, nextPhase, type Phase } from './lifecycle.ts';

export interface Said {
  readonly reason: string;
  readonly nextStep: string;
}

export interface Away {
  readonly side: 'source' | 'destination';
  readonly sinceMs: number;
  readonly reason: string;
}

/** Troubles that mean: this side is away. The feed has a connection of its own. */
const sides: Readonly<Record<string, Away['side'] | undefined>> = {
  feed: 'source',
  source: 'source',
  destination: 'destination',
};

/**
 * What a pipeline is about and what troubles it, told whenever that changes. Troubles have names, so that several may last at once; while
 * there is any, a pipeline that moves is `degraded`.
 */
export class Condition {
  readonly #pipeline: PipelineName;
  readonly #events: EventSink;
  readonly #now: () => number;
  #phase: Phase = 'starting';
  #said: Said = { reason: 'it opens both sides', nextStep: 'it goes on by itself' };
  readonly #troubles = new Map<string, Said & { readonly sinceMs: number }>();
  #report: StatusReport;

  constructor({
    pipeline,
    events,
    now,
  }: { readonly pipeline: PipelineName; readonly events: EventSink; readonly now: () => number }) {
    this.#pipeline = pipeline;
    this.#events = events;
    this.#now = now;
    this.#report = this.#made();
  }

  get phase(): Phase {
    return this.#phase;
  }

  get report(): StatusReport {
    return this.#report;
  }

  /** The sides that can't be reached or do not answer, and since when. */
  get away(): readonly Away[] {
    return [...this.#troubles].flatMap(([name, { sinceMs, reason }]) => {
      const side = sides[name];
      return side === undefined ? [] : [{ side, sinceMs, reason }];
    });
  }

  on(event: LifecycleEvent, said: Said): void {
    this.#phase = nextPhase(this.#phase, event);
    this.#said = said;
    this.#tell();
  }

  troubled(name: string, said: Said): void {
    const sinceMs = this.#troubles.get(name)?.sinceMs ?? this.#now();
    this.#troubles.set(name, { ...said, sinceMs });
    this.#tell();
  }

  /** Of all troubles whose names begin so, these and no others last. */
  troubledOnly(prefix: string, troubles: ReadonlyMap<string, Said>): void {
    const names = [...this.#troubles.keys()].filter((name) => name.startsWith(prefix));
    for (const name of names) if (!troubles.has(name.slice(prefix.length))) this.relieved(name);
    for (const [name, said] of troubles) this.troubled(`${prefix}${name}`, said);
  }

  relieved(name: string): void {
    if (this.#troubles.delete(name)) this.#tell();
  }

  #tell(): void {
    const report = this.#made();
    const { status, reason, nextStep } = report;
    if (status === this.#report.status && reason === this.#report.reason) return;
    this.#report = report;
    this.#events.emit('status', { pipeline: this.#pipeline, status, reason, nextStep });
  }

  #made(): StatusReport {
    const [trouble] = this.#troubles.values();
    const isMoving = this.#phase === 'live' || this.#phase === 'healing' || this.#phase === 'copying';
    const status: PipelineStatus = trouble !== undefined && isMoving ? 'degraded' : this.#phase;
    const { reason, nextStep } = status === 'degraded' && trouble !== undefined ? trouble : this.#said;
    return { pipeline: this.#pipeline, status, reason, nextStep, sinceMs: this.#now() };
  }
}
