import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Intake, type Work } from '../../../src/engine/stream/intake.ts';
import type { FeedItem } from '../../../src/protocol/feed.ts';
import { batch, inserted, touched } from './feed-changes.ts';

const limits = {
  windowChanges: 5,
  windowBytes: 1_000,
  transactionChanges: 4,
  transactionBytes: 1_000,
  readAheadBytes: 10,
};
const intakeOf = (...items: readonly FeedItem[]): Intake => {
  const intake = new Intake(limits, { now: () => 0, sizeOf: () => 3 });
  for (const item of items) intake.add(item);
  return intake;
};
const rows = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => inserted(String(from + index), {}));
const barrier: FeedItem = {
  kind: 'barrier',
  shard: 'main',
  collections: ['users'],
  event: { kind: 'truncate', source: 'users', detail: 'users was truncated' },
  boundary: 'b',
};
const summary = (work: Work | null) =>
  work?.kind === 'window'
    ? { changes: work.window.changes, boundary: work.window.boundary, torn: work.window.torn }
    : (work?.kind ?? null);

test('keys that have to be read weigh as much as their rows', () => {
  const intake = new Intake(
    { ...limits, windowBytes: 100, transactionBytes: 100, windowChanges: 50, transactionChanges: 50 },
    { now: () => 0, sizeOf: () => 40 },
  );
  for (const place of [1, 2, 3, 4]) intake.add(batch([touched(String(place))], `b${place}`));
  expect(summary(intake.take())).toEqual({ changes: 3, boundary: 'b3', torn: false });
  intake.add(batch([touched('5'), touched('6'), touched('7')], null));
  expect(summary(intake.take())).toEqual({ changes: 1, boundary: 'b4', torn: false });
  expect(summary(intake.take())).toEqual({ changes: 3, boundary: null, torn: true });
  intake.add(batch([touched('8')], 'b8'));
  expect(summary(intake.take())).toEqual({ changes: 1, boundary: 'b8', torn: true });
});

test('a batch of keys whose rows would not fit is taken apart, and only its end is a boundary', () => {
  const intake = new Intake(
    { ...limits, windowBytes: 100, transactionBytes: 100, windowChanges: 50, transactionChanges: 50 },
    { now: () => 0, sizeOf: () => 40 },
  );
  intake.add(batch(['1', '2', '3', '4', '5'].map(touched), 'b', 0));
  const taken = [intake.take(), intake.take(), intake.take(), intake.take()].map(summary);
  expect(taken.map((window) => (typeof window === 'object' ? window?.boundary : window))).toContain('b');
  expect(
    taken.reduce((sum, window) => sum + (typeof window === 'object' ? (window?.changes ?? 0) : 0), 0),
  ).toBe(5);
  expect(taken[0]).toMatchObject({ boundary: null, torn: true });
});

describe('windows', () => {
  test('whole transactions grow together until they are taken', () => {
    const intake = intakeOf(batch(rows(1), 'a'), batch(rows(2, 1), 'b'));
    expect(summary(intake.take())).toEqual({ changes: 3, boundary: 'b', torn: false });
    expect(intake.take()).toBeNull();
  });

  test('a transaction that is not complete waits, and what was complete before it does not', () => {
    const intake = intakeOf(batch(rows(1), 'a'), batch(rows(2, 1), null));
    expect(summary(intake.take())).toEqual({ changes: 1, boundary: 'a', torn: false });
    expect(intake.take()).toBeNull();
    intake.add(batch(rows(1, 9), 'b'));
    expect(summary(intake.take())).toEqual({ changes: 3, boundary: 'b', torn: false });
  });

  test('a large window takes no more transactions', () => {
    const intake = intakeOf(batch(rows(3), 'a'), batch(rows(3, 3), 'b'), batch(rows(1, 6), 'c'));
    expect(summary(intake.take())).toMatchObject({ changes: 6, boundary: 'b' });
    expect(summary(intake.take())).toMatchObject({ changes: 1, boundary: 'c' });
  });

  test('once a transaction is torn, its further pieces are no larger than a window', () => {
    const intake = new Intake(
      { ...limits, windowBytes: 4, transactionBytes: 8, transactionChanges: 50 },
      { now: () => 0, sizeOf: () => 0 },
    );
    for (let place = 0; place < 16; place += 1) intake.add(batch(rows(1, place), null));
    const pieces: unknown[] = [];
    for (let piece = intake.take(); piece !== null; piece = intake.take()) pieces.push(summary(piece));
    expect(pieces).toEqual([8, 4, 4].map((changes) => ({ changes, boundary: null, torn: true })));
    intake.add(batch(rows(6, 16), 'a'));
    expect(summary(intake.take())).toEqual({ changes: 6, boundary: 'a', torn: true });
  });

  test('a transaction above the limits comes in torn pieces, of which the last has the boundary', () => {
    const intake = intakeOf(batch(rows(1), 'a'), batch(rows(4, 1), null), batch(rows(2, 5), null));
    expect(summary(intake.take())).toEqual({ changes: 1, boundary: 'a', torn: false });
    expect(summary(intake.take())).toEqual({ changes: 4, boundary: null, torn: true });
    expect(intake.take()).toBeNull();
    intake.add(batch(rows(1, 7), 'b'));
    expect(summary(intake.take())).toEqual({ changes: 3, boundary: 'b', torn: true });
    intake.add(batch(rows(1, 9), 'c'));
    expect(summary(intake.take())).toEqual({ changes: 1, boundary: 'c', torn: false });
  });

  test('a transaction that ends exactly where it was torn still has its boundary', () => {
    const intake = intakeOf(batch(rows(4), null), batch([], 'a'));
    expect(summary(intake.take())).toEqual({ changes: 4, boundary: null, torn: true });
    expect(summary(intake.take())).toMatchObject({ changes: 0, boundary: 'a' });
  });

  test('a keepalive moves the boundary of what waits', () => {
    const intake = intakeOf(batch(rows(1), 'a'), batch([], 'b'));
    expect(summary(intake.take())).toEqual({ changes: 1, boundary: 'b', torn: false });
  });

  test('a batch of nothing is nothing', () => {
    expect(intakeOf(batch([], null)).take()).toBeNull();
  });
});

describe('barriers and gaps', () => {
  test('stand between what came before and after', () => {
    const intake = intakeOf(batch(rows(1), 'a'), barrier, batch(rows(1, 1), 'c'));
    expect([intake.take(), intake.take(), intake.take(), intake.take()].map(summary)).toEqual([
      { changes: 1, boundary: 'a', torn: false },
      'barrier',
      { changes: 1, boundary: 'c', torn: false },
      null,
    ]);
  });

  test('a barrier inside a transaction tears it', () => {
    const intake = intakeOf(batch(rows(1), null), { ...barrier, boundary: null }, batch(rows(1, 1), 'c'));
    expect([intake.take(), intake.take(), intake.take()].map(summary)).toEqual([
      { changes: 1, boundary: null, torn: true },
      'barrier',
      { changes: 1, boundary: 'c', torn: true },
    ]);
  });

  test('a gap forgets what came of a transaction that will never be complete', () => {
    const gap: FeedItem = {
      kind: 'gap',
      gap: { shard: 'main', from: 'a', to: 'z', reason: 'lost' },
      collections: null,
    };
    const intake = intakeOf(batch(rows(2), null), gap, batch(rows(1, 5), 'zz'));
    expect([intake.take(), intake.take()].map(summary)).toEqual([
      'gap',
      { changes: 1, boundary: 'zz', torn: false },
    ]);
  });
});

test('it is full when as much waits as may be read ahead, and not for a transaction that must complete first', () => {
  expect(intakeOf(batch(rows(2), 'a', 9)).isFull(0)).toBe(false);
  expect(intakeOf(batch(rows(2), 'a', 10)).isFull(0)).toBe(true);
  expect(intakeOf(batch(rows(2), null, 500)).isFull(0)).toBe(false);
});

test('what is being written counts too, and lets a transaction wait that is not complete', () => {
  expect(intakeOf(batch(rows(2), null, 500)).isFull(509)).toBe(false);
  expect(intakeOf(batch(rows(2), null, 500)).isFull(510)).toBe(true);
});

test('a window of large rows takes no more transactions either', () => {
  const intake = intakeOf(batch(rows(1), 'a', 1_000), batch(rows(1, 1), 'b', 1));
  expect(summary(intake.take())).toMatchObject({ changes: 1, boundary: 'a' });
});

test('every change comes out once, in order, and boundaries only grow, however it is taken', () => {
  const transactions = fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }), { maxLength: 12 });
  fc.assert(
    fc.property(transactions, fc.infiniteStream(fc.boolean()), (sizes, takes) => {
      const intake = new Intake(limits, { now: () => 0, sizeOf: () => 3 });
      const told: string[] = [];
      const given: string[] = [];
      const boundaries: number[] = [];
      const drain = (): void => {
        for (let work = intake.take(); work !== null; work = intake.take()) {
          if (work.kind !== 'window') throw new Error('only windows were told');
          for (const [key] of work.window.collections.get('users')?.entries() ?? []) given.push(key);
          if (work.window.boundary !== null) boundaries.push(Number(work.window.boundary));
        }
      };
      let next = 0;
      for (const [index, pieces] of sizes.entries()) {
        for (const [place, count] of pieces.entries()) {
          const changes = rows(count, next);
          next += count;
          told.push(...changes.map(({ key }) => key));
          intake.add(batch(changes, place === pieces.length - 1 ? String(index) : null));
          if (takes.next().value === true) drain();
        }
      }
      drain();
      expect(given).toEqual(told);
      expect(boundaries).toEqual(boundaries.toSorted((a, b) => a - b));
      if (sizes.length > 0) expect(boundaries.at(-1)).toBe(sizes.length - 1);
    }),
  );
});
