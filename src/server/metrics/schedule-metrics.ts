import type { StatusResult } from '../../service/results.ts';
import type { Register } from './register.ts';

/** Of pipelines that run by a schedule; those of live ones tell their lag instead. */
export function addScheduleMetrics(register: Register): (results: readonly StatusResult[] | null) => void {
  const failures = register.gauge('lockstep_scheduled_failures_in_a_row');
  const next = register.gauge('lockstep_next_run_timestamp_seconds');
  return (results) => {
    for (const each of [failures, next]) each.reset();
    for (const { pipeline, scheduled } of results ?? []) {
      if (scheduled === null) continue;
      failures.set({ pipeline }, scheduled.failuresInARow);
      if (scheduled.nextAtMs !== null) next.set({ pipeline }, scheduled.nextAtMs / 1000);
    }
  };
}
