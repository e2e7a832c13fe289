import { expect, test } from 'vitest';
import { Gauges } from '../../../src/engine/stream/gauges.ts';

const limits = { maxLeavingShare: 0.2, fromRows: 100 };

test('what moves while rows are counted is not lost, and who asks waits for the count', async () => {
  const counted = Promise.withResolvers<number>();
  const gauges = new Gauges(['users'], () => counted.promise);
  gauges.moved('users', { inserted: 0, left: 150 }, 0);
  const asked = gauges.of('users');
  gauges.moved('users', { inserted: 10, left: 0 }, 1);
  counted.resolve(1_000);
  const gauge = await asked;
  gauges.moved('users', { inserted: 0, left: 10 }, 2);
  expect(gauge?.total).toBe(850);
  expect(gauge?.allows(50, limits, 3)).toBe(true);
  expect(gauge?.allows(51, limits, 3)).toBe(false);
});

test('a count that failed is told to whoever needs it, and to nobody else', async () => {
  const gauges = new Gauges(['users', 'orders'], async (name) => {
    if (name === 'users') throw new Error('no right to read it');
    return 7;
  });
  gauges.moved('users', { inserted: 0, left: 1 }, 0);
  expect((await gauges.of('orders'))?.total).toBe(7);
  await expect(gauges.of('users')).rejects.toThrow('no right to read it');
  expect(await gauges.of('unknown')).toBeUndefined();
});
