import type { ScheduleSettings } from '../../protocol/configuration.ts';
import { faultOfSchedule, type Moments, momentsOf } from './moments.ts';

/** The shortest and the longest time from one due moment to the next. */
export interface Gaps {
  readonly shortestMs: number;
  readonly longestMs: number;
}

/** Enough to see a week of a schedule that leaves out the weekend. */
const looks = 10;

/** Null: it never comes twice. */
export function scheduleGaps(schedule: ScheduleSettings, fromMs: number): Gaps | null {
  return faultOfSchedule(schedule) === null ? gapsOf(momentsOf(schedule), fromMs) : null;
}

/** Of the moments to come; null: there are no two. */
export function gapsOf({ after }: Pick<Moments, 'after'>, fromMs: number): Gaps | null {
  const gaps: number[] = [];
  for (let at = after(fromMs); at !== null && gaps.length < looks; ) {
    const next = after(at);
    if (next !== null) gaps.push(next - at);
    at = next;
  }
  if (gaps.length === 0) return null;
  return { shortestMs: Math.min(...gaps), longestMs: Math.max(...gaps) };
}
