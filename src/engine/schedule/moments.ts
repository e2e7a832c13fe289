import type { ScheduleSettings } from '../../protocol/configuration.ts';
import { toError } from '../../protocol/errors/lockstep-error.ts';
import { cronMoments } from './cron-moments.ts';

/** When something is due, in milliseconds since 1970. */
export interface Moments {
  /** The first one after; null: none comes any more. */
  readonly after: (ms: number) => number | null;
  /** As it is shown: `every 15m`, `0 3 * * * (Europe/Berlin)`. */
  readonly text: string;
}

/** Throws when a cron expression or a time zone is not understood; see `faultOfSchedule`. */
export function momentsOf(schedule: ScheduleSettings): Moments {
  if (typeof schedule === 'string') return cronMoments(schedule, undefined);
  return 'every' in schedule ? gridOf(schedule.every) : cronMoments(schedule.cron, schedule.timeZone);
}

/** Why a schedule can't be used; null: it can. */
export function faultOfSchedule(schedule: ScheduleSettings): string | null {
  try {
    return momentsOf(schedule).after(Date.now()) === null ? 'it never comes' : null;
  } catch (thrown) {
    return toError(thrown).message;
  }
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function gridOf(every: string): Moments {
  const unit = (['s', 'm', 'h', 'd'] as const).find((letter) => every.endsWith(letter)) ?? 's';
  const size = Number(every.slice(0, -1)) * unitMs[unit];
  return { after: (ms) => (Math.floor(ms / size) + 1) * size, text: `every ${every}` };
}

const lookBackMs = [unitMs.m, unitMs.h, unitMs.d, 32 * unitMs.d, 367 * unitMs.d];

/** The newest one that has come; null: none has for a year. */
export function newestUntil({ after }: Moments, nowMs: number): number | null {
  for (const span of lookBackMs) {
    let newest: number | null = null;
    for (let at = after(nowMs - span); at !== null && at <= nowMs; at = after(at)) newest = at;
    if (newest !== null) return newest;
  }
  return null;
}

/** From one moment that comes to the one that follows it; null: there are no two. */
export function gapAfter({ after }: Moments, ms: number): number | null {
  const first = after(ms);
  const second = first === null ? null : after(first);
  return first === null || second === null ? null : second - first;
}
