import { expect, test } from 'vitest';
import { RowSizes, rowBytes } from '../../../src/engine/stream/row-sizes.ts';

test('a size begins with what the source estimates, grows at once and shrinks slowly', () => {
  const sizes = new RowSizes(
    new Map([
      ['users', { estimatedRows: 10_000, estimatedBytes: 5_000_000 }],
      ['few', { estimatedRows: 1, estimatedBytes: 8_192 }],
    ]),
  );
  expect(['users', 'few', 'unknown'].map((name) => sizes.of(name))).toEqual([500, 1024, 1024]);
  sizes.read('users', { keys: 2, bytes: 20_000 });
  expect(sizes.of('users')).toBe(10_000);
  sizes.read('users', { keys: 10, bytes: 0 });
  expect(sizes.of('users')).toBeCloseTo(8_000, 0);
  sizes.read('users', { keys: 0, bytes: 0 });
  expect(sizes.of('users')).toBeCloseTo(8_000, 0);
});

test('values of every kind have a size', () => {
  expect(rowBytes({ id: 1, name: 'four', at: new Date(0), none: null, large: 5n })).toBe(44);
  expect(rowBytes({ bytes: new Uint8Array(100), list: ['ab', 'cd'], nested: { a: 'xyz' } })).toBe(
    108 + 28 + 19,
  );
});
