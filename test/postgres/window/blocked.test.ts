import { expect, test } from 'vitest';
import { blockedOrdinals } from '../../../src/connectors/postgres/writer/window/blocked.ts';

const places = (count: number): ReadonlyMap<string, number> =>
  new Map(Array.from({ length: count }, (_, n) => [`row ${n}`, n]));
const wants = (...pairs: readonly (readonly [number, string])[]) =>
  pairs.map(([ordinal, place]) => ({ ordinal, place }));

test('a circle is free, a chain that ends at somebody else’s row is blocked along its whole length', () => {
  const circle = wants([0, 'row 1'], [1, 'row 2'], [2, 'row 0']);
  const chain = wants([3, 'elsewhere'], [4, 'row 3'], [5, 'row 4']);
  expect([...blockedOrdinals([...circle, ...chain], places(6))].toSorted()).toEqual([3, 4, 5]);
});

test('a new row blocks nobody, and is blocked by who holds what it wants', () => {
  expect([...blockedOrdinals(wants([7, 'row 0'], [0, 'elsewhere']), places(1))].toSorted()).toEqual([0, 7]);
  expect([...blockedOrdinals(wants([7, 'row 0']), places(1))]).toEqual([]);
});
