import type { AlertFacts } from '../../engine/alerts/facts.ts';
import type { HealthReport } from '../../engine/health/pipeline-health.ts';
import { awaySinceMs, scheduledRun } from '../health.ts';
import type { StatusResult } from '../results.ts';

/** What rules judge, from what the control store says and what this process has seen. */
export function factsOf(
  status: StatusResult,
  health: HealthReport,
  { nowMs, watchedSinceMs, isOver }: Pick<AlertFacts, 'nowMs' | 'watchedSinceMs' | 'isOver'>,
): AlertFacts {
  const { pipeline, live, owner, schedule, comparisons } = status;
  const comparison = live?.comparison ?? null;
  const drifted = comparison?.last ?? null;
  return {
    pipeline,
    nowMs,
    status: status.status,
    isOver,
    reason: status.reason,
    // What an engine that is gone told says nothing about now.
    lag: owner === null ? null : (live?.lag ?? null),
    movedAtMs: health.movedAtMs,
    watchedSinceMs,
    awaySinceMs: awaySinceMs(status, health),
    failuresInARow: health.failuresInARow,
    recent: health.recent,
    deadLetters: status.deadLetters.reduce((sum, { count }) => sum + count, 0),
    guards: guardsOf(status),
    forgets: owner === null || live === null ? null : { inMs: live.forgetsInMs },
    drift: drifted === null ? null : { rows: drifted.drifted },
    schedule,
    comparisons,
    run: scheduledRun(status),
    provenAtMs: status.provenAtMs ?? comparison?.watchedSinceMs ?? null,
  };
}

function guardsOf({ guards }: StatusResult): AlertFacts['guards'] {
  const waiting = guards.filter(({ state }) => state === 'waiting');
  if (waiting.length === 0) return null;
  return {
    leaving: waiting.reduce((sum, { leaving }) => sum + leaving, 0),
    oldestAtMs: Math.min(...waiting.map(({ raisedAtMs }) => raisedAtMs)),
  };
}
