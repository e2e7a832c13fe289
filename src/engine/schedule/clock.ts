import { setTimeout as delay } from 'node:timers/promises';

/** The time that schedules go by. */
export interface ScheduleClock {
  now(): number;
  /** Ends early, and without an error, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: ScheduleClock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};
