import { expect, test } from 'vitest';
import { RetryExtent } from '../../../src/engine/stream/retry-extent.ts';

test('it grows while retries cure nothing, until all that wait were tried', () => {
  const extent = new RetryExtent();
  expect([extent.keys, extent.isWide]).toEqual([500, false]);
  expect(extent.tried({ blocked: 1, cured: 0, waiting: () => 1_500 }, 0)).toBe(0);
  expect([extent.keys, extent.isWide]).toEqual([1_000, true]);
  expect(extent.tried({ blocked: 1_000, cured: 0, waiting: () => 1_500 }, 0)).toBe(0);
  expect(extent.keys).toBe(2_000);
  expect(extent.tried({ blocked: 1_500, cured: 0, waiting: () => 1_500 }, 0)).toBeNull();
  expect(extent.keys).toBe(500);
});

test('what was in vain is repeated later and later, and a cure ends that', () => {
  const extent = new RetryExtent();
  const grow = (nowMs: number): number | null => {
    const again = extent.tried({ blocked: 500, cured: 0, waiting: () => 600 }, nowMs);
    extent.tried({ blocked: 600, cured: 0, waiting: () => 600 }, nowMs);
    return again;
  };
  expect([grow(0), grow(0), grow(0)]).toEqual([0, 1_000, 2_000]);
  expect(extent.tried({ blocked: 3, cured: 1, waiting: () => 600 }, 0)).toBeNull();
  expect(grow(0)).toBe(0);
});

test('keys that nobody is in the way of make it no larger, nor does a limit that is reached', () => {
  const extent = new RetryExtent();
  expect(extent.tried({ blocked: 0, cured: 0, waiting: () => 9 }, 0)).toBeNull();
  for (let room = 500; room < 16_000; room *= 2)
    extent.tried({ blocked: 1, cured: 0, waiting: () => 90_000 }, 0);
  expect(extent.keys).toBe(16_000);
  expect(extent.tried({ blocked: 16_000, cured: 0, waiting: () => 90_000 }, 0)).toBeNull();
  expect(extent.keys).toBe(500);
});
