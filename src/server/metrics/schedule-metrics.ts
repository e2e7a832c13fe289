import { Gauge, type Registry } from 'prom-client';
import type { StatusResult } from '../../service/results.ts';

/** Of pipelines that run by a schedule; those of live ones tell their lag instead. */
export function addScheduleMetrics(registry: Registry): (results: readonly StatusResult[] | null) => void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['pipeline'], registers: [registry] });
  const failures = gauge(
    'lockstep_scheduled_failures_in_a_row',
    'Scheduled runs that failed since one did not, of the newest fifty.',
  );
  const next = gauge(
    'lockstep_next_run_timestamp_seconds',
    'When the next run is due, in seconds since 1970; absent when none is.',
  );
  return (results) => {
    for (const each of [failures, next]) each.reset();
    for (const { pipeline, scheduled } of results ?? []) {
      if (scheduled === null) continue;
      failures.set({ pipeline }, scheduled.failuresInARow);
      if (scheduled.nextAtMs !== null) next.set({ pipeline }, scheduled.nextAtMs / 1000);
    }
  };
}
