import { awaySinceMs, type HealthWatch, type ScheduledRun, scheduledRun } from '../../service/health.ts';
import type { StatusResult } from '../../service/results.ts';
import type { Register } from './register.ts';

/** What the control store knows, read when the metrics are asked for; null: it can't be read. */
export function addStatusMetrics(
  register: Register,
  health: HealthWatch,
): (results: readonly StatusResult[] | null) => void {
  const parts = [addStates(register), addHealth(register, health), addSchedules(register)];
  const readable = register.gauge('lockstep_control_store_readable');
  return (results) => {
    readable.set(results === null ? 0 : 1);
    for (const set of parts) set(results ?? []);
  };
}

type Setter = (results: readonly StatusResult[]) => void;

function addStates({ gauge }: Register): Setter {
  const status = gauge('lockstep_status');
  const letters = gauge('lockstep_dead_letters');
  const held = gauge('lockstep_held_rows');
  const requests = gauge('lockstep_requests');
  return (results) => {
    for (const each of [status, letters, held, requests]) each.reset();
    for (const result of results) {
      const { pipeline } = result;
      status.set({ pipeline, status: result.status }, 1);
      for (const { collection, count, deferred } of result.deadLetters) {
        letters.set({ pipeline, collection, state: 'parked' }, count);
        letters.set({ pipeline, collection, state: 'deferred' }, deferred);
      }
      for (const { collection, leaving, state } of result.guards)
        if (state === 'waiting') held.set({ pipeline, collection }, leaving);
      for (const { state } of result.requests) requests.inc({ pipeline, state });
    }
  };
}

const secondsSince = (atMs: number): number => Math.max(0, Date.now() - atMs) / 1000;

function addHealth({ gauge }: Register, health: HealthWatch): Setter {
  const away = gauge('lockstep_disconnected_seconds');
  const guard = gauge('lockstep_guard_waiting_seconds');
  return (results) => {
    for (const each of [away, guard]) each.reset();
    for (const result of results) {
      const { pipeline } = result;
      const sinceMs = awaySinceMs(result, health.of(pipeline));
      away.set({ pipeline }, sinceMs === null ? 0 : secondsSince(sinceMs));
      const waiting = result.guards.filter(({ state }) => state === 'waiting');
      if (waiting.length > 0)
        guard.set({ pipeline }, secondsSince(Math.min(...waiting.map(({ raisedAtMs }) => raisedAtMs))));
    }
  };
}

function addSchedules({ gauge }: Register): Setter {
  const interval = gauge('lockstep_schedule_interval_seconds');
  const comparing = gauge('lockstep_comparison_interval_seconds');
  const run = gauge('lockstep_scheduled_run_seconds');
  const proven = gauge('lockstep_proven_equal_timestamp_seconds');
  const drifted = gauge('lockstep_drifted_rows');
  return (results) => {
    for (const each of [interval, comparing, run, proven, drifted]) each.reset();
    for (const result of results) {
      const { pipeline, schedule, comparisons, provenAtMs } = result;
      if (comparisons !== null) comparing.set({ pipeline }, comparisons.longestMs / 1000);
      if (provenAtMs !== null) proven.set({ pipeline }, provenAtMs / 1000);
      const last = result.live?.comparison?.last ?? null;
      if (last !== null) drifted.set({ pipeline }, last.drifted);
      if (schedule === null) continue;
      interval.set({ pipeline }, schedule.shortestMs / 1000);
      const scheduled = scheduledRun(result);
      if (scheduled !== null) run.set({ pipeline }, secondsOf(scheduled));
    }
  };
}

const secondsOf = ({ startedAtMs, endedAtMs }: ScheduledRun): number =>
  endedAtMs === null ? secondsSince(startedAtMs) : (endedAtMs - startedAtMs) / 1000;
