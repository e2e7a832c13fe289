export interface Checks {
  readonly realtimeSyncActive: boolean;
  readonly scheduledSyncActive: boolean;
  readonly recentSyncSuccess: boolean;
  readonly lowErrorRate: boolean;
}

export interface HealthStatus {
  readonly status: 'HEALTHY' | 'UNHEALTHY';
  readonly checks: Checks;
  readonly recommendations: readonly string[];
}

/** What is known of a service at one moment; ages in milliseconds, null: never, or not known. */
export interface HealthFacts {
  readonly status: string;
  /** Of the users themselves, whatever else troubles the pipeline; null: nothing is told of them. */
  readonly usersStatus: string | null;
  /** A side that can't be reached. */
  readonly away: string | null;
  /** Since the engine that runs the pipeline told anything. */
  readonly toldAgeMs: number | null;
  /** And neither fails nor takes longer than one is waited for. */
  readonly isPassUnderWay: boolean;
  readonly passBeganAgeMs: number | null;
  /** Since a pass or a poll of the changes succeeded. */
  readonly successAgeMs: number | null;
  readonly intervalMs: number;
  readonly patienceMs: number;
  /** Users that fail now, of all that belong in the chat. */
  readonly failedShare: number;
  readonly isScheduled: boolean;
  /** What to do about limits that are passed: no reason to be unhealthy, but not all is well. */
  readonly warnings: readonly string[];
}

/** An engine tells about itself once a second. */
const silentMs = 30_000;
const mostFailed = 0.01;
const allIsWell = 'All systems operational';

const advice: Readonly<Record<keyof Checks, string>> = {
  realtimeSyncActive:
    'Real-time sync is not active: look at the log for its reason; check that both databases can be reached, and run `lockstep user-table status`',
  scheduledSyncActive:
    'No pass began within two intervals, or the one under way fails or hangs: look at the newest rows of sync_errors; run `lockstep user-table status` to see whether the service is paused or its process hangs, and `lockstep user-table sync-all` for a pass now',
  recentSyncSuccess:
    'Nothing was synchronised successfully for too long: check the network to both databases and the newest rows of sync_errors',
  lowErrorRate:
    '1 % of the users or more can’t be synchronised: `lockstep user-table letters` names them with their reasons; mend those and run `lockstep user-table replay`',
};

/** HEALTHY when all four checks hold. */
export function healthOf(facts: HealthFacts): HealthStatus {
  const checks = checksOf(facts);
  const failed = (Object.keys(advice) as (keyof Checks)[]).filter((name) => !checks[name]);
  const told = [...failed.map((name) => withReason(advice[name], name, facts)), ...facts.warnings];
  return {
    status: failed.length === 0 ? 'HEALTHY' : 'UNHEALTHY',
    checks,
    recommendations: told.length === 0 ? [allIsWell] : told,
  };
}

function checksOf(facts: HealthFacts): Checks {
  const { away, toldAgeMs, successAgeMs, passBeganAgeMs } = facts;
  return {
    realtimeSyncActive: moves(facts) && away === null && toldAgeMs !== null && toldAgeMs < silentMs,
    scheduledSyncActive:
      !facts.isScheduled ||
      facts.isPassUnderWay ||
      (passBeganAgeMs !== null && passBeganAgeMs < 2 * facts.intervalMs),
    recentSyncSuccess: successAgeMs !== null && successAgeMs < facts.patienceMs,
    lowErrorRate: facts.failedShare < mostFailed,
  };
}

const moving: readonly (string | null)[] = ['live', 'healing'];

/** A pipeline that spares a busy chat is degraded, and its changes flow all the same; where users have stopped they do not. */
const moves = ({ status, usersStatus }: HealthFacts): boolean =>
  moving.includes(status === 'degraded' ? usersStatus : status);

const withReason = (text: string, name: keyof Checks, { away }: HealthFacts): string =>
  name === 'realtimeSyncActive' && away !== null ? `${text} (${away})` : text;
