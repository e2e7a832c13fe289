import { momentsOf } from '../../../engine/schedule/moments.ts';
import type { ScheduleSettings } from '../../../protocol/configuration.ts';
import type { RunEntry, ScheduleStatus } from '../../results.ts';
import { failuresInARow } from './history.ts';

/** Of a pipeline that `start` runs by a schedule; what the schedule says, whether or not somebody runs it. */
export function scheduleStatus(
  schedule: ScheduleSettings,
  { runs, nowMs }: { readonly runs: readonly RunEntry[]; readonly nowMs: number },
): ScheduleStatus {
  const { text, after } = momentsOf(schedule);
  return { text, nextAtMs: after(nowMs), failuresInARow: failuresInARow(runs) };
}
