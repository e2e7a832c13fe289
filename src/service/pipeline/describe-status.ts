import type { Lease } from '../../protocol/control-store.ts';
import type { LastRun, ScheduleStatus, StatusResult } from '../results.ts';
import type { LiveStatus } from './live-status.ts';

/** An engine tells its status about once a second; silent for this long, something holds it up. */
const silentAfterMs = 10_000;

export interface Situation {
  readonly pipeline: string;
  readonly nowMs: number;
  readonly last: LastRun | null;
  readonly owner: Lease | null;
  readonly letters: number;
  /** A guard waits. */
  readonly waiting: boolean;
  readonly live: LiveStatus | null;
  readonly paused: StatusResult['paused'];
  readonly scheduled: ScheduleStatus | null;
}

export type Description = Pick<StatusResult, 'status' | 'reason' | 'nextStep' | 'sinceMs'>;

/** Of a live pipeline: what its engine says of itself, as long as there is one. */
export function describeLive(situation: Situation): Description {
  const { owner, live, paused, nowMs } = situation;
  if (paused !== null) return describePaused(situation, paused);
  if (owner === null) return describeWithoutEngine(situation);
  const begun = beganAtMs(situation);
  if (live === null || live.savedAtMs < (begun ?? 0))
    return {
      status: 'starting',
      reason: 'an engine has begun',
      nextStep: 'it goes on by itself',
      sinceMs: begun,
    };
  const silentMs = nowMs - live.savedAtMs;
  if (silentMs > silentAfterMs) return describeSilence(situation, silentMs);
  const { status, reason, nextStep, sinceMs } = live;
  return { status, reason, nextStep, sinceMs };
}

const beganAtMs = ({ last }: Situation): number | null => (last?.kind === 'live' ? last.startedAtMs : null);

function describePaused(
  { pipeline, owner }: Situation,
  { reason, sinceMs }: NonNullable<StatusResult['paused']>,
  then = 'lockstep start',
): Description {
  const nextStep = `lockstep resume ${pipeline}${owner === null ? `, then ${then}` : ''}`;
  return { status: 'paused', reason: reason === '' ? 'it was paused' : reason, nextStep, sinceMs };
}

/** Without a record of its beginning it can't be told from one that has just begun. */
function describeSilence(situation: Situation, silentMs: number): Description {
  const { owner, live } = situation;
  const silence = `${owner?.owner ?? 'its engine'} has told nothing for ${Math.round(silentMs / 1000)} s`;
  const sinceMs = live?.savedAtMs ?? null;
  if (beganAtMs(situation) === null)
    return {
      status: 'starting',
      reason: `${silence}: it begins, or something holds it up`,
      nextStep: 'if it stays so, look at the log of that engine',
      sinceMs,
    };
  return { status: 'degraded', reason: silence, nextStep: 'look at the log of that engine', sinceMs };
}

function describeWithoutEngine({ last, live }: Situation): Description {
  const nextStep = 'lockstep start';
  const sinceMs = last?.endedAtMs ?? live?.savedAtMs ?? last?.startedAtMs ?? null;
  if (last === null && live === null) return { status: 'stopped', reason: 'it never ran', nextStep, sinceMs };
  if (last?.result === 'failed' || live?.status === 'failed')
    return {
      status: 'failed',
      reason: live?.status === 'failed' ? live.reason : 'its engine failed',
      nextStep: 'mend what its log names, then lockstep start',
      sinceMs,
    };
  const reason = last?.result === 'running' ? 'its engine died' : 'no engine runs it';
  return { status: 'stopped', reason, nextStep, sinceMs };
}

/** Of a pipeline that does its work pass by pass. */
export function describePasses(situation: Situation): Description {
  const { last, paused, scheduled, owner } = situation;
  // Without a schedule a rollback alone pauses.
  if (paused !== null && owner === null)
    return describePaused(situation, paused, scheduled === null ? 'lockstep run' : 'lockstep start');
  const sinceMs = last === null ? null : (last.endedAtMs ?? last.startedAtMs);
  return { ...describeBySchedule(describePass(situation), situation), sinceMs };
}

type Told = Omit<Description, 'sinceMs'>;

/** What `lockstep start` does by itself needs nobody. */
function describeBySchedule(told: Told, { scheduled, last, owner, waiting }: Situation): Told {
  if (scheduled === null || owner !== null || waiting) return told;
  const { nextAtMs, failuresInARow } = scheduled;
  const due =
    nextAtMs === null ? 'no run is due any more' : `a run is due at ${new Date(nextAtMs).toISOString()}`;
  const nextStep = `${due}, if lockstep start runs`;
  if (last?.result !== 'failed') return { ...told, nextStep };
  const reason = failuresInARow > 1 ? `the last ${failuresInARow} runs failed` : told.reason;
  return { ...told, reason, nextStep: `mend what they named; ${nextStep}` };
}

function describePass({ last, owner, letters, waiting }: Situation): Told {
  if (owner !== null)
    return { status: 'copying', reason: 'a pass is under way', nextStep: 'it ends by itself' };
  if (last === null)
    return { status: 'stopped', reason: 'it never ran', nextStep: 'lockstep plan, then lockstep run' };
  if (waiting)
    return {
      status: 'degraded',
      reason: 'a guard holds back what would leave',
      nextStep: 'lockstep plan, then lockstep approve',
    };
  if (last.result === 'failed')
    return {
      status: 'failed',
      reason: 'the last run failed',
      nextStep: 'mend what it named, then run again',
    };
  if (last.result === 'running')
    return { status: 'stopped', reason: 'the last run died', nextStep: 'run again: it goes on' };
  if (last.result === 'interrupted')
    return { status: 'stopped', reason: 'the last run was stopped', nextStep: 'run again: it goes on' };
  if (letters > 0)
    return {
      status: 'degraded',
      reason: `${letters} rows can’t be applied`,
      nextStep: 'look at the dead letters below',
    };
  return {
    status: 'idle',
    reason: 'the last run succeeded',
    nextStep: 'lockstep verify proves it; run again to catch up',
  };
}
