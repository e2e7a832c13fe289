import { describe, expect, test } from 'vitest';
import { Intake } from '../../../../src/engine/stream/intake.ts';
import { lanePosition, TornWindows } from '../../../../src/engine/stream/lanes/torn-windows.ts';
import { batch, inserted } from '../feed-changes.ts';

/** Positions of these tests are letters. */
const isBefore = (_shard: string, a: string, b: string): boolean => a < b;
const noted = (from: string, at: string): string => lanePosition({ shard: 'main', from, at }, 1).at;

test('what lanes noted counts only where the shard still stands where their window began', () => {
  const torn = new TornWindows();
  const lanes = new Map([
    ['main', [noted('a', 'c'), noted('b', 'e'), noted('b', 'd'), 'no note of ours', '7']],
  ]);
  torn.recall(new Map([['main', 'b']]), lanes, isBefore);
  expect(torn.until('main')).toBe('e');
  torn.end('main');
  expect(torn.until('main')).toBeNull();
  torn.recall(new Map([['main', 'f']]), lanes, isBefore);
  expect(torn.until('main')).toBeNull();
});

function setUp(until: string) {
  const limits = {
    windowChanges: 2,
    windowBytes: 1_000,
    transactionChanges: 50,
    transactionBytes: 1_000,
    readAheadBytes: 1_000,
  };
  let now = 0;
  const windows = new TornWindows();
  windows.begin('main', until);
  const intake = new Intake(limits, { now: () => now, sizeOf: () => 1, torn: { windows, isBefore } });
  return { windows, intake, later: (milliseconds: number) => (now += milliseconds) };
}

const told = (boundary: string, bytes = 10) => batch([inserted(boundary, {})], boundary, bytes);

test('what comes again of a torn window is given out once all of it is there', () => {
  const { intake } = setUp('d');
  for (const boundary of ['a', 'b', 'c']) {
    intake.add(told(boundary));
    expect([intake.hasWork, intake.take(), intake.isFull(0)]).toEqual([false, null, false]);
  }
  intake.add(told('d'));
  expect(intake.take()).toMatchObject({ window: { boundary: 'd', changes: 4 } });
});

test('a boundary behind it ends it too, also one without changes', () => {
  const { intake } = setUp('d');
  intake.add(told('a'));
  intake.add(batch([], 'e'));
  expect(intake.take()).toMatchObject({ window: { boundary: 'e', changes: 1 } });
});

test('what comes after it waits for nothing', () => {
  const { intake, windows } = setUp('a');
  intake.add(told('a'));
  intake.take();
  windows.end('main');
  intake.add(told('b'));
  expect(intake.take()).toMatchObject({ window: { boundary: 'b' } });
});

test('an end that does not come, in bytes or in time, is not waited for', () => {
  const large = setUp('z');
  large.intake.add(told('a', 1_000));
  expect(large.intake.take()).toBeNull();
  large.intake.add(told('b', 1_000));
  expect(large.intake.take()).toMatchObject({ window: { boundary: 'b', changes: 2 } });
  const late = setUp('z');
  late.intake.add(told('a'));
  late.later(29_000);
  expect(late.intake.take()).toBeNull();
  late.later(2_000);
  expect(late.intake.take()).toMatchObject({ window: { boundary: 'a' } });
  late.intake.add(told('b'));
  expect(late.intake.take()).toMatchObject({ window: { boundary: 'b' } });
});

describe('a transaction that is large enough to be torn', () => {
  const large = (boundary: string | null, bytes = 10) =>
    batch(
      Array.from({ length: 60 }, (_, index) => inserted(`${index}`, {})),
      boundary,
      bytes,
    );

  test('comes whole where it is part of a torn window', () => {
    const { intake } = setUp('d');
    intake.add(told('a'));
    intake.add(large(null));
    expect([intake.hasWork, intake.take()]).toEqual([false, null]);
    intake.add(large('d'));
    expect(intake.take()).toMatchObject({ window: { boundary: 'd', changes: 121, torn: false } });
  });

  test('is torn where the window before it reaches as far as the torn one did', () => {
    const { intake } = setUp('a');
    intake.add(told('a'));
    intake.add(large(null));
    expect(intake.take()).toMatchObject({ window: { boundary: 'a' } });
    expect(intake.take()).toMatchObject({ window: { boundary: null, torn: true } });
  });

  test('is torn once it has no end within bounds', () => {
    const { intake, windows } = setUp('z');
    intake.add(told('a'));
    intake.add(large(null, 1_000));
    expect(intake.take()).toBeNull();
    intake.add(large(null, 1_000));
    expect(windows.until('main')).toBeNull();
    expect(intake.take()).toMatchObject({ window: { boundary: 'a', changes: 1 } });
    expect(intake.take()).toMatchObject({ window: { boundary: null, torn: true, changes: 120 } });
  });
});
