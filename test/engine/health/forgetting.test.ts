import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Forgetting } from '../../../src/engine/health/forgetting.ts';

const second = 1000;
const kept = (bytes: number | null, limitBytes: number | null = 10_000) => ({
  bytes,
  limitBytes,
  waitingFor: [],
});

test('what grows evenly is forgotten when it reaches the limit', () => {
  const forgetting = new Forgetting();
  for (let at = 0; at <= 60; at += 10) forgetting.seen(kept(1000 + at * 10), at * second);
  // 8,400 bytes are left, and ten more come every second.
  expect(forgetting.inMs(60 * second)).toBe(840 * second);
  expect(forgetting.inMs(100 * second)).toBe(800 * second);
  expect(forgetting.inMs(10_000 * second)).toBe(0);
});

test.each([
  ['nothing was seen', []],
  ['it was seen once', [kept(10)]],
  ['nothing grows', [kept(10), kept(10), kept(10)]],
  ['it shrinks', [kept(500), kept(100), kept(10)]],
  ['there is no limit', [kept(10, null), kept(500, null), kept(900, null)]],
  ['it is not known', [kept(10), kept(500), kept(null)]],
])('nothing is said when %s', (_, looks) => {
  const forgetting = new Forgetting();
  for (const [index, look] of looks.entries()) forgetting.seen(look, index * 10 * second);
  expect(forgetting.inMs(30 * second)).toBeNull();
});

test('what has reached the limit may be forgotten now', () => {
  const forgetting = new Forgetting();
  forgetting.seen(kept(10_000), 0);
  expect(forgetting.inMs(0)).toBe(0);
});

test('only the last ten minutes count', () => {
  const forgetting = new Forgetting();
  for (let minute = 0; minute <= 10; minute += 1) forgetting.seen(kept(minute * 900), minute * 60 * second);
  for (let minute = 11; minute <= 30; minute += 1) forgetting.seen(kept(9000), minute * 60 * second);
  expect(forgetting.inMs(30 * 60 * second)).toBeNull();
});

test('what is said is never negative, and grows shorter as time passes', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { maxLength: 80 }), fc.nat(1e6), (bytes, laterMs) => {
      const forgetting = new Forgetting();
      for (const [index, each] of bytes.entries()) forgetting.seen(kept(each), index * 10 * second);
      const nowMs = bytes.length * 10 * second;
      const now = forgetting.inMs(nowMs);
      const later = forgetting.inMs(nowMs + laterMs);
      if (now === null) return later === null;
      return now >= 0 && later !== null && later >= 0 && later <= now;
    }),
  );
});
