import { expect, test } from 'vitest';
import { DueMoments } from '../../../src/engine/schedule/due-moments.ts';
import { momentsOf } from '../../../src/engine/schedule/moments.ts';
import { onSchedule } from '../../../src/engine/schedule/on-schedule.ts';
import type { ScheduleSettings } from '../../../src/protocol/configuration.ts';
import { ManualClock } from './manual-clock.ts';

const minute = 60_000;
const hour = 60 * minute;

interface Trial extends AsyncDisposable {
  readonly clock: ManualClock;
  /** When work was done: what was due, what the clock showed, and whether it had been due before. */
  readonly done: readonly string[];
  /** The work from now on takes so long. */
  takes(ms: number): void;
}

function begin(schedule: ScheduleSettings, from: string): Trial {
  const clock = new ManualClock(from);
  const stopping = new AbortController();
  const moments = new DueMoments(momentsOf(schedule), clock);
  const done: string[] = [];
  let takesMs = 0;
  const spell = (ms: number) => new Date(ms).toISOString().slice(8, 19);
  const running = (async () => {
    for (;;) {
      const due = await moments.next(stopping.signal);
      if (due === null) return;
      done.push(`${spell(due.atMs)} at ${spell(clock.now())}${due.wasOverdue ? ', overdue' : ''}`);
      await clock.sleep(takesMs, stopping.signal);
    }
  })();
  return {
    clock,
    done,
    takes: (ms) => {
      takesMs = ms;
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await running;
    },
  };
}

test('each moment is told once, when it comes', async () => {
  await using trial = begin({ every: '10m' }, '2026-01-01T10:03:00Z');
  await trial.clock.pass(6 * minute);
  expect(trial.done).toEqual([]);
  await trial.clock.pass(21 * minute);
  expect(trial.done).toEqual([
    '01T10:10:00 at 01T10:10:00',
    '01T10:20:00 at 01T10:20:00',
    '01T10:30:00 at 01T10:30:00',
  ]);
});

test('what becomes due while work is under way follows at once, once, however often it was due', async () => {
  await using trial = begin({ every: '10m' }, '2026-01-01T10:03:00Z');
  trial.takes(34 * minute);
  await trial.clock.pass(8 * minute);
  trial.takes(minute);
  await trial.clock.pass(45 * minute);
  expect(trial.done).toEqual([
    '01T10:10:00 at 01T10:10:00',
    '01T10:40:00 at 01T10:44:00, overdue',
    '01T10:50:00 at 01T10:50:00',
  ]);
});

test('a clock that is set forward makes what was skipped due, once', async () => {
  await using trial = begin('0 * * * *', '2026-01-01T10:30:00Z');
  await trial.clock.pass(minute);
  trial.clock.set('2026-01-01T15:10:00Z');
  await trial.clock.pass(20_000);
  expect(trial.done).toEqual([expect.stringMatching(/^01T15:00:00 at 01T15:10:[01]\d$/)]);
  await trial.clock.pass(hour);
  expect(trial.done).toHaveLength(2);
});

test('a clock that is set back a little repeats nothing', async () => {
  await using trial = begin({ cron: '0 3 * * *', timeZone: 'UTC' }, '2026-01-01T02:59:00Z');
  await trial.clock.pass(5 * minute);
  trial.clock.set('2026-01-01T02:30:00Z');
  await trial.clock.pass(10 * hour);
  expect(trial.done).toEqual(['01T03:00:00 at 01T03:00:00']);
  await trial.clock.pass(24 * hour);
  expect(trial.done).toHaveLength(2);
});

test('a clock that is set back far is believed: work goes on within one gap', async () => {
  await using trial = begin({ every: '10m' }, '2026-01-05T10:03:00Z');
  await trial.clock.pass(8 * minute);
  trial.clock.set('2026-01-01T10:00:00Z');
  await trial.clock.pass(10 * minute);
  expect(trial.done).toEqual(['05T10:10:00 at 05T10:10:00', '01T10:10:00 at 01T10:10:00']);
  await using daily = begin({ cron: '0 3 * * *', timeZone: 'UTC' }, '2026-01-05T02:00:00Z');
  await daily.clock.pass(2 * hour);
  daily.clock.set('2026-01-02T04:00:00Z');
  await daily.clock.pass(24 * hour);
  expect(daily.done).toEqual(['05T03:00:00 at 05T03:00:00', '03T03:00:00 at 03T03:00:00']);
});

test.each([
  ['2026-03-28T12:00:00Z', ['29T01:30:00', '30T00:30:00']],
  ['2026-10-24T12:00:00Z', ['25T00:30:00', '26T01:30:00']],
])('at 02:30 on the nights when clocks are changed, from %s on', async (from, due) => {
  await using trial = begin({ cron: '30 2 * * *', timeZone: 'Europe/Berlin' }, from);
  await trial.clock.pass(40 * hour);
  expect(trial.done).toEqual(due.map((moment) => `${moment} at ${moment}`));
});

test('who stops it waits no longer', async () => {
  const clock = new ManualClock('2026-01-01T10:03:00Z');
  const stopping = new AbortController();
  const next = new DueMoments(momentsOf({ every: '10m' }), clock).next(stopping.signal);
  stopping.abort();
  expect(await next).toBeNull();
  expect(await new DueMoments(momentsOf({ every: '10m' }), clock).next(stopping.signal)).toBeNull();
});

test.each([
  [{ every: '10m' }, 2],
  [{ every: '10m', atStart: true }, 3],
])('a comparison by %j is made so often in twenty minutes', async (schedule, times) => {
  const clock = new ManualClock('2026-01-01T10:03:00Z');
  const stopping = new AbortController();
  let done = 0;
  const work = async () => {
    done += 1;
  };
  const running = onSchedule(schedule, clock)(work, stopping.signal);
  await clock.pass(20 * minute);
  stopping.abort();
  await running;
  expect(done).toBe(times);
});
