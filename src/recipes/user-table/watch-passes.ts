import type { Lockstep } from '../../index.ts';
import type { Log } from '../program/log.ts';

const warnAtShare = 0.8;
const longestTimerMs = 2 ** 31 - 1;

/** Warns about a scheduled pass that takes most of its interval, and about one that is still under way when the next is due. */
export function watchPasses({ events }: Pick<Lockstep, 'events'>, log: Log, intervalMs: number): Disposable {
  let timers: readonly NodeJS.Timeout[] = [];
  const stop = (): void => {
    for (const timer of timers) clearTimeout(timer);
    timers = [];
  };
  const at = (afterMs: number, message: string): NodeJS.Timeout =>
    setTimeout(
      () => log('WARNING', message, { afterMs, intervalMs }),
      Math.min(afterMs, longestTimerMs),
    ).unref();
  const ends = [
    events.on('comparison.started', () => {
      stop();
      timers = [
        at(intervalMs * warnAtShare, 'Sync duration approaching interval'),
        at(intervalMs, 'Previous sync still in progress'),
      ];
    }),
    events.on('comparison.finished', stop),
  ];
  return {
    [Symbol.dispose]: () => {
      stop();
      for (const end of ends) end();
    },
  };
}
