import { type HealthReport, PipelineHealth } from '../engine/health/pipeline-health.ts';
import type { EventSource } from './lockstep.ts';
import type { StatusResult } from './results.ts';

/** Follows the pipelines that this process runs. */
export class HealthWatch implements Disposable {
  readonly #followed: ReadonlyMap<string, PipelineHealth>;

  constructor(events: EventSource, pipelines: readonly string[], now: () => number = () => Date.now()) {
    this.#followed = new Map(pipelines.map((name) => [name, new PipelineHealth(name, { events, now })]));
  }

  /** Null: this process does not run it. */
  of(pipeline: string): HealthReport | null {
    return this.#followed.get(pipeline)?.report() ?? null;
  }

  [Symbol.dispose](): void {
    for (const health of this.#followed.values()) health[Symbol.dispose]();
  }
}

/** Since when a side is away, as the engine that runs the pipeline told, or as this process has seen when it could not begin. Null: both answer. */
export function awaySinceMs({ live, owner }: StatusResult, health: HealthReport | null): number | null {
  const told = owner === null ? [] : (live?.away.map(({ sinceMs }) => sinceMs) ?? []);
  const seen = health?.unreachableSinceMs ?? null;
  const all = seen === null ? told : [...told, seen];
  return all.length === 0 ? null : Math.min(...all);
}

/** The scheduled run that is under way or was the last: a live pipeline's comparison, another's pass. */
export interface ScheduledRun {
  readonly startedAtMs: number;
  /** Null: under way. */
  readonly endedAtMs: number | null;
}

export function scheduledRun({ mode, live, lastRun, owner }: StatusResult): ScheduledRun | null {
  if (mode !== 'live') {
    // A pass that died runs no more.
    if (lastRun === null || (lastRun.endedAtMs === null && owner === null)) return null;
    return { startedAtMs: lastRun.startedAtMs, endedAtMs: lastRun.endedAtMs };
  }
  const comparison = live?.comparison ?? null;
  if (comparison === null) return null;
  if (comparison.underWaySinceMs !== null && owner !== null)
    return { startedAtMs: comparison.underWaySinceMs, endedAtMs: null };
  return comparison.last;
}
