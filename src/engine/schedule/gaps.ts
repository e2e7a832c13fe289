import type { ScheduleSettings } from '../../protocol/configuration.ts';
import { faultOfSchedule, momentsOf } from './moments.ts';

/** Enough to see a week of a schedule that leaves out the weekend. */
const looks = 10;

/** The times between one due moment and the next: the shortest and the longest of those to come. Null: it never comes twice. */
export function scheduleGaps(
  schedule: ScheduleSettings,
  fromMs: number,
): { readonly shortestMs: number; readonly longestMs: number } | null {
  if (faultOfSchedule(schedule) !== null) return null;
  const { after } = momentsOf(schedule);
  const gaps: number[] = [];
  for (let at = after(fromMs); at !== null && gaps.length < looks; ) {
    const next = after(at);
    if (next !== null) gaps.push(next - at);
    at = next;
  }
  if (gaps.length === 0) return null;
  return { shortestMs: Math.min(...gaps), longestMs: Math.max(...gaps) };
}
