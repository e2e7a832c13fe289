import type { StatusResult } from '../../index.ts';
import type { HealthFacts } from './health.ts';

/** What this process knows besides. */
export interface OwnFacts
  extends Pick<HealthFacts, 'intervalMs' | 'patienceMs' | 'failedShare' | 'isScheduled' | 'warnings'> {
  /** Since it brought changes to the chat; null: it has not. */
  readonly appliedAgeMs: number | null;
  /** The pass that is under way failed, and is tried again. */
  readonly isPassFailing: boolean;
}

/** What the engine that runs the pipeline said last, in whatever process, as facts for health. */
export function factsOf(
  status: Pick<StatusResult, 'status' | 'live'> | null,
  { appliedAgeMs, isPassFailing, ...own }: OwnFacts,
): HealthFacts {
  const live = status?.live ?? null;
  const last = live?.comparison?.last ?? null;
  const away = live?.away[0];
  const toldAgeMs = ageOf(live?.savedAtMs);
  // There is one collection.
  const usersStatus = live?.collections[0]?.status ?? null;
  // A head of the source that is reached was read and compared just now; what changes of users that have stopped is dropped.
  const polledAgeMs = live?.lag?.kind === 'inStep' && usersStatus !== 'stopped' ? toldAgeMs : null;
  const passAgeMs = ageOf(live?.comparison?.underWaySinceMs);
  // A pass that compared nobody, since they have stopped, proves nothing, and takes nothing from the one before it.
  const provenAtMs = live?.comparison?.provenAtMs;
  const provenAgeMs = ageOf(last?.startedAtMs === provenAtMs ? last?.endedAtMs : provenAtMs);
  const successes = [provenAgeMs, polledAgeMs, appliedAgeMs].filter((age) => age !== null);
  return {
    ...own,
    status: status?.status ?? 'starting',
    usersStatus,
    away: away === undefined ? null : `the ${away.side} is away: ${away.reason}`,
    toldAgeMs,
    // One that fails again and again, or hangs, stays under way for ever.
    isPassUnderWay: passAgeMs !== null && passAgeMs < own.patienceMs && !isPassFailing,
    passBeganAgeMs: ageOf(last?.startedAtMs),
    successAgeMs: successes.length === 0 ? null : Math.min(...successes),
  };
}

const ageOf = (atMs: number | null | undefined): number | null =>
  atMs === null || atMs === undefined ? null : Math.max(0, Date.now() - atMs);
