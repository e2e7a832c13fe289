import { Cron } from 'croner';
import { toError } from '../../protocol/errors/lockstep-error.ts';
import type { Moments } from './moments.ts';

/** By how much clocks are set, forth and back, somewhere on earth. */
const setByMs = [3_600_000, 1_800_000];

/**
 * A cron expression on the wall clock of a time zone. Where daylight saving leaves a time out, what is due then comes as much later (02:30 at
 * 03:30); where a time comes twice, what names its hour is due at the first. What is due in every hour is due in the repeated one as well. Of
 * times that come twice the library knows one only, not always the first; of those that are left out it knows nothing once they are past.
 */
export function cronMoments(expression: string, timeZone: string | undefined): Moments {
  mustBeZone(timeZone);
  const cron = cronOf(expression, timeZone);
  const clock: WallClock = { nextAfter: (ms) => nextAfter(cron, ms), shownAt: wallClock(timeZone) };
  const after = isHourly(expression)
    ? (ms: number) => earliest(firstTime(clock, ms), secondTime(clock, ms))
    : (ms: number) => earliest(firstTime(clock, ms), leftOutTime(clock, ms));
  return { after, text: timeZone === undefined ? expression : `${expression} (${timeZone})` };
}

function cronOf(expression: string, timeZone: string | undefined): Cron {
  try {
    return new Cron(expression, timeZone === undefined ? {} : { timezone: timeZone });
  } catch (thrown) {
    throw new RangeError(
      `${expression} is no cron expression: ${whyNot(expression, toError(thrown).message)}`,
    );
  }
}

/** The library's complaint, but for the likeliest mistake: an interval, or a word, in the place of fields. */
function whyNot(expression: string, complaint: string): string {
  const fields = expression.trim().split(/\s+/).length;
  return fields === 5 || fields === 6
    ? complaint.replace(/^CronPattern: /, '')
    : 'it has five fields (minute, hour, day, month, weekday), or six with seconds first; an interval is written as { every: "15m" }';
}

interface WallClock {
  readonly nextAfter: Moments['after'];
  /** As if it were the time of 1970. */
  readonly shownAt: (ms: number) => number;
}

function mustBeZone(timeZone: string | undefined): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    throw new RangeError(`${timeZone} is no time zone; they are called like Europe/Berlin`);
  }
}

/** In an hour that comes twice the library goes back to the first: then it is asked from a later moment on. */
function nextAfter(cron: Cron, ms: number): number | null {
  for (let from = ms; ; from = laterThan(from, cron)) {
    const next = cron.nextRun(new Date(from))?.getTime() ?? null;
    if (next === null || next > ms) return next;
  }
}

/** So little later that nothing is passed over: without a field for seconds all is due at the beginning of a minute. */
function laterThan(ms: number, cron: Cron): number {
  const fields = cron.getPattern()?.trim().split(/\s+/).length ?? 0;
  return fields > 5 ? ms + 1_000 : (Math.floor((ms + 1_000) / 60_000) + 1) * 60_000 - 1_000;
}

/** Its hour is a `*`, with a step or without; with six fields the first is seconds. */
function isHourly(expression: string): boolean {
  if (expression.trim() === '@hourly') return true;
  const fields = expression.trim().split(/\s+/);
  return fields.at(fields.length > 5 ? 2 : 1)?.startsWith('*') === true;
}

/** The next that is no repetition. */
function firstTime({ nextAfter: next, shownAt }: WallClock, ms: number): number | null {
  for (let at = next(ms); at !== null; at = next(at)) {
    const shown = shownAt(at);
    const first = Math.min(
      ...setByMs.map((back) => at - back).filter((early) => shownAt(early) === shown),
      at,
    );
    if (first > ms) return first;
  }
  return null;
}

/** What was due in an hour is due again as much later as the clock was set back: the wall clock then shows the same. */
function secondTime(clock: WallClock, ms: number): number | null {
  const repeated = setByMs.flatMap((back) => {
    const first = firstTime(clock, ms - back);
    return first !== null && clock.shownAt(first) === clock.shownAt(first + back) ? [first + back] : [];
  });
  return repeated.length === 0 ? null : Math.min(...repeated);
}

/** What was left out less long ago than clocks were set forward by may come yet: whoever looks in between asks from before. */
function leftOutTime({ nextAfter: next, shownAt }: WallClock, ms: number): number | null {
  const jumps = setByMs.filter((jump) => shownAt(ms) - shownAt(ms - jump) > jump);
  const late = jumps.map((jump) => {
    let at = next(ms - jump);
    while (at !== null && at <= ms) at = next(at);
    return at;
  });
  return late.reduce(earliest, null);
}

function wallClock(timeZone: string | undefined): (ms: number) => number {
  // The one language whose dates read like ISO 8601.
  const format = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return (ms) => Date.parse(`${format.format(ms).replace(' ', 'T')}Z`);
}

const earliest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);
