import { expect, test } from 'vitest';
import { scheduleGaps } from '../../../src/engine/schedule/gaps.ts';
import { faultOfSchedule, gapAfter, momentsOf, newestUntil } from '../../../src/engine/schedule/moments.ts';
import type { ScheduleSettings } from '../../../src/protocol/configuration.ts';

function following(schedule: ScheduleSettings, from: string, count: number): readonly string[] {
  const { after } = momentsOf(schedule);
  const found: string[] = [];
  for (let at = after(Date.parse(from)); at !== null && found.length < count; at = after(at))
    found.push(new Date(at).toISOString().slice(5, 19));
  return found;
}

const berlin = (cron: string) => ({ cron, timeZone: 'Europe/Berlin' });

test('an interval is counted from 1970, so that everybody means the same moments', () => {
  expect(following({ every: '15m' }, '2026-01-01T10:07:03.5Z', 3)).toEqual([
    '01-01T10:15:00',
    '01-01T10:30:00',
    '01-01T10:45:00',
  ]);
  expect(following({ every: '30s' }, '2026-01-01T10:00:30Z', 2)).toEqual([
    '01-01T10:01:00',
    '01-01T10:01:30',
  ]);
  expect(following({ every: '1d' }, '2026-01-01T10:00:00Z', 2)).toEqual(['01-02T00:00:00', '01-03T00:00:00']);
});

test('a cron expression is of the time zone that is named', () => {
  expect(following(berlin('0 3 * * *'), '2026-01-01T10:00:00Z', 2)).toEqual([
    '01-02T02:00:00',
    '01-03T02:00:00',
  ]);
  expect(following({ cron: '0 3 * * 1', timeZone: 'Asia/Kolkata' }, '2026-01-01T10:00:00Z', 1)).toEqual([
    '01-04T21:30:00',
  ]);
});

const daylightSaving: readonly [string, ScheduleSettings, string, readonly string[]][] = [
  [
    'a time that does not exist is due as much later, once',
    berlin('30 2 * * *'),
    '2026-03-28T12:00:00Z',
    ['03-29T01:30:00', '03-30T00:30:00'],
  ],
  [
    'also for whoever looks between the time that is left out and that one',
    berlin('30 2 * * *'),
    '2026-03-29T01:10:00Z',
    ['03-29T01:30:00', '03-30T00:30:00'],
  ],
  [
    'and not again right after it',
    berlin('30 2 * * *'),
    '2026-03-29T01:30:00Z',
    ['03-30T00:30:00', '03-31T00:30:00'],
  ],
  [
    'where clocks are set forward by half an hour',
    { cron: '15 2 * * *', timeZone: 'Australia/Lord_Howe' },
    '2026-10-03T15:40:00Z',
    ['10-03T15:45:00', '10-04T15:15:00'],
  ],
  [
    'a time that comes twice is due at the first',
    berlin('30 2 * * *'),
    '2026-10-24T12:00:00Z',
    ['10-25T00:30:00', '10-26T01:30:00'],
  ],
  [
    'what is due every hour is not due twice where an hour is left out',
    berlin('30 * * * *'),
    '2026-03-28T23:00:00Z',
    ['03-28T23:30:00', '03-29T00:30:00', '03-29T01:30:00', '03-29T02:30:00'],
  ],
  [
    'what is due every hour is due in the repeated hour too',
    berlin('30 * * * *'),
    '2026-10-24T23:00:00Z',
    ['10-24T23:30:00', '10-25T00:30:00', '10-25T01:30:00', '10-25T02:30:00', '10-25T03:30:00'],
  ],
  [
    'and what is due some times an hour',
    berlin('*/30 * * * *'),
    '2026-10-24T23:45:00Z',
    [
      '10-25T00:00:00',
      '10-25T00:30:00',
      '10-25T01:00:00',
      '10-25T01:30:00',
      '10-25T02:00:00',
      '10-25T02:30:00',
    ],
  ],
  [
    'where clocks are set back by half an hour',
    { cron: '45 * * * *', timeZone: 'Australia/Lord_Howe' },
    '2026-04-04T13:50:00Z',
    ['04-04T14:45:00', '04-04T15:15:00', '04-04T16:15:00'],
  ],
  [
    'and what names its hour there',
    { cron: '45 1 * * *', timeZone: 'Australia/Lord_Howe' },
    '2026-04-04T13:50:00Z',
    ['04-04T14:45:00', '04-05T15:15:00'],
  ],
  [
    'an interval takes no notice',
    { every: '1h' },
    '2026-10-24T23:30:00Z',
    ['10-25T00:00:00', '10-25T01:00:00', '10-25T02:00:00', '10-25T03:00:00'],
  ],
];

test.each(daylightSaving)('daylight saving: %s', (...[, schedule, from, wanted]) => {
  expect(following(schedule, from, wanted.length)).toEqual(wanted);
});

test('the newest that has come is found, however long ago', () => {
  const newest = (schedule: ScheduleSettings, now: string) => {
    const found = newestUntil(momentsOf(schedule), Date.parse(now));
    return found === null ? null : new Date(found).toISOString().slice(0, 19);
  };
  expect(newest({ every: '15m' }, '2026-01-01T10:44:59Z')).toBe('2026-01-01T10:30:00');
  expect(newest({ every: '15m' }, '2026-01-01T10:45:00Z')).toBe('2026-01-01T10:45:00');
  expect(newest(berlin('0 3 1 1 *'), '2026-11-22T10:00:00Z')).toBe('2026-01-01T02:00:00');
  expect(newest(berlin('0 3 29 2 *'), '2026-11-22T10:00:00Z')).toBeNull();
});

test('gaps are those between moments to come', () => {
  const from = Date.parse('2026-01-05T00:00:00Z');
  expect(scheduleGaps('0 3 * * 1-5', from)).toEqual({ shortestMs: 86_400_000, longestMs: 3 * 86_400_000 });
  expect(scheduleGaps({ every: '5m' }, from)).toEqual({ shortestMs: 300_000, longestMs: 300_000 });
  expect(gapAfter(momentsOf({ every: '2h' }), from)).toBe(7_200_000);
});

test.each([
  ['0 0 30 2 *', /never comes/],
  ['99 * * * *', /minute/],
  ['nightly', /./],
  [{ cron: '0 3 * * *', timeZone: 'Europe/Nowhere' }, /Europe\/Nowhere is no time zone/],
])('%j can’t be used', (schedule, fault) => {
  expect(faultOfSchedule(schedule)).toMatch(fault);
});

test.each(['0 3 * * *', '@daily', '*/10 * * * * *', { every: '1s' }, berlin('0 0 29 2 *')])(
  '%j can be used',
  (schedule) => {
    expect(faultOfSchedule(schedule)).toBeNull();
  },
);
