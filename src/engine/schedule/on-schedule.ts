import { setTimeout as delay } from 'node:timers/promises';
import { Cron } from 'croner';
import { toError } from '../../protocol/errors/lockstep-error.ts';

/** Why a cron expression can't be used; null: it can. */
export function faultOfSchedule(expression: string): string | null {
  try {
    const next = new Cron(expression).nextRun();
    return next === null ? 'it never comes' : null;
  } catch (thrown) {
    return toError(thrown).message;
  }
}

/** At most so long in one timer: the clock may be set, and timers can't be longer than 24 days. */
const mostMs = 60_000;

/** Does something whenever it is due, one at a time: what becomes due while it is being done is done once. Local time of the engine. */
export const onSchedule =
  (expression: string) =>
  async (work: () => Promise<void>, stopping: AbortSignal): Promise<void> => {
    const cron = new Cron(expression);
    while (!stopping.aborted) {
      const next = cron.nextRun();
      if (next === null) return;
      if (await reached(next, stopping)) await work();
    }
  };

/** False: somebody stopped it. */
async function reached(moment: Date, stopping: AbortSignal): Promise<boolean> {
  for (let left = leftOf(moment); left > 0 && !stopping.aborted; left = leftOf(moment))
    await delay(Math.min(left, mostMs), undefined, { signal: stopping }).catch(() => undefined);
  return !stopping.aborted;
}

const leftOf = (moment: Date): number => moment.getTime() - Date.now();
