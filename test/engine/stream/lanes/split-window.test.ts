import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { laneOf } from '../../../../src/engine/stream/lanes/lane-of.ts';
import type { Related } from '../../../../src/engine/stream/lanes/ranks.ts';
import {
  GatheredOutcomes,
  isDivisible,
  leastPerLane,
  splitWindow,
} from '../../../../src/engine/stream/lanes/split-window.ts';
import type { Change } from '../../../../src/protocol/change.ts';

const targetOf = (collection: string, ...parents: readonly string[]): Related => ({
  shape: { collection, references: parents.map((parent) => ({ collection: parent })) },
});

const people = targetOf('people');
const orders = targetOf('orders', 'people', 'elsewhere');
const lines = targetOf('lines', 'orders');

const upsert = (key: string): Change => ({ kind: 'upsert', key, row: {} });
const leave = (key: string): Change => ({ kind: 'leave', key });
const many = (made: (key: string) => Change, count: number, from = 0): Change[] =>
  Array.from({ length: count }, (_, index) => made(`["${from + index}"]`));

describe('what lanes may write', () => {
  const large = many(upsert, 2 * leastPerLane);

  test('a large window, and no small one', () => {
    expect(isDivisible([{ target: people, changes: large }])).toBe(true);
    expect(isDivisible([{ target: people, changes: large.slice(1) }])).toBe(false);
  });

  test('none in which a row goes on under another key, or takes nothing along', () => {
    const moves = [{ from: '["1"]', to: '["2"]', displaces: false }];
    expect(isDivisible([{ target: people, changes: large, moves }])).toBe(false);
    expect(isDivisible([{ target: people, changes: large, spared: new Set(['["1"]']) }])).toBe(false);
  });

  test('none whose rows refer to each other, in one collection or in a circle', () => {
    expect(isDivisible([{ target: targetOf('tree', 'tree'), changes: large }])).toBe(false);
    const circle = [targetOf('a', 'b'), targetOf('b', 'a')].map((target) => ({ target, changes: large }));
    expect(isDivisible(circle)).toBe(false);
    expect(isDivisible([...circle, { target: targetOf('c', 'a'), changes: large }])).toBe(false);
  });
});

test('parents come before their children, and what leaves after them in reverse', () => {
  const parts = [lines, people, orders].map((target) => ({
    target,
    changes: [...many(upsert, 300), ...many(leave, 100, 1000)],
  }));
  const steps = splitWindow(parts, 4).map((step) =>
    [...step.values()].flat().map(({ part, changes }) => {
      const kinds = new Set(changes.map(({ kind }) => kind));
      return `${parts[part]?.target.shape.collection} ${[...kinds].join()}`;
    }),
  );
  expect(steps.map((each) => [...new Set(each)])).toEqual([
    ['people upsert'],
    ['orders upsert'],
    ['lines upsert'],
    ['lines leave'],
    ['orders leave'],
    ['people leave'],
  ]);
});

test('every change is in one lane of one step, all of a key in the same, and outcomes come back in place', () => {
  const key = fc.string({ minLength: 1, maxLength: 12 });
  const change = fc.tuple(key, fc.boolean()).map(([text, isThere]) => (isThere ? upsert(text) : leave(text)));
  const changes = fc.uniqueArray(change, { selector: (each) => each.key, maxLength: 60 });
  const property = fc.property(changes, changes, fc.integer({ min: 1, max: 16 }), (first, second, lanes) => {
    const parts = [
      { target: orders, changes: first },
      { target: people, changes: second },
    ];
    const gathered = new GatheredOutcomes(parts);
    const seen: Change[] = [];
    for (const step of splitWindow(parts, lanes))
      for (const [lane, pieces] of step) {
        expect(lane).toBeLessThan(lanes);
        seen.push(...pieces.flatMap((piece) => piece.changes));
        // Told apart by what cannot be shared: an object of its own for each change.
        gathered.add(
          pieces,
          pieces.map((piece) =>
            piece.changes.map(({ kind }) => ({ kind: kind === 'leave' ? 'left' : 'inserted' })),
          ),
        );
      }
    expect(new Set(seen)).toEqual(new Set([...first, ...second]));
    expect(seen).toHaveLength(first.length + second.length);
    const kinds = (list: readonly Change[]) =>
      list.map(({ kind }) => (kind === 'leave' ? 'left' : 'inserted'));
    expect(gathered.all.map((part) => part.map(({ kind }) => kind))).toEqual([kinds(first), kinds(second)]);
  });
  fc.assert(property);
});

test('lanes get about the same', () => {
  const counts = [0, 0, 0, 0];
  for (let id = 0; id < 10_000; id += 1) {
    const lane = laneOf(`["${id}"]`, 4);
    counts[lane] = (counts[lane] ?? 0) + 1;
  }
  for (const count of counts) expect(count).toBeGreaterThan(2_000);
});
