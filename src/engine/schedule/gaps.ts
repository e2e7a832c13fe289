import { Cron } from 'croner';
import { faultOfSchedule } from './on-schedule.ts';

/** Enough to see a week of a schedule that leaves out the weekend. */
const looks = 10;

/** The times between one due moment of a cron expression and the next: the shortest and the longest of those to come. Null: it never comes twice. */
export function scheduleGaps(
  expression: string,
  fromMs: number,
): { readonly shortestMs: number; readonly longestMs: number } | null {
  if (faultOfSchedule(expression) !== null) return null;
  const due = new Cron(expression).nextRuns(looks, new Date(fromMs)).map((date) => date.getTime());
  const gaps = due.slice(1).map((at, index) => at - (due[index] ?? at));
  if (gaps.length === 0) return null;
  return { shortestMs: Math.min(...gaps), longestMs: Math.max(...gaps) };
}
