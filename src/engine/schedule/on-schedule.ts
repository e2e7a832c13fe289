import type { ScheduleSettings } from '../../protocol/configuration.ts';
import { type ScheduleClock, systemClock } from './clock.ts';
import { DueMoments } from './due-moments.ts';
import { momentsOf } from './moments.ts';

/** Does something whenever it is due, one at a time: what becomes due while it is being done is done once. */
export const onSchedule =
  (schedule: ScheduleSettings, clock: ScheduleClock = systemClock) =>
  async (work: () => Promise<void>, stopping: AbortSignal): Promise<void> => {
    const moments = new DueMoments(momentsOf(schedule), clock);
    if (typeof schedule === 'object' && schedule.atStart === true && !stopping.aborted) await work();
    while ((await moments.next(stopping)) !== null) await work();
  };
