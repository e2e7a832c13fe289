import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Backoff, backoffDelayMs } from '../../../src/engine/retry/backoff.ts';

const backoff = { initialDelayMs: 250, maxDelayMs: 30_000, factor: 2 };

const anyBackoff: fc.Arbitrary<Backoff> = fc.record({
  initialDelayMs: fc.integer({ min: 0, max: 86_400_000 }),
  maxDelayMs: fc.integer({ min: 0, max: 86_400_000 }),
  factor: fc.double({ min: 1, max: 10, noNaN: true }),
});
const anyFailures = fc.integer({ min: 1, max: 1000 });
const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('backoffDelayMs', () => {
  test('doubles from the first delay up to the cap', () => {
    const delays = [1, 2, 3, 7, 8, 9, 1000].map((failures) =>
      backoffDelayMs(backoff, failures, { jitter: 'none' }),
    );
    expect(delays).toEqual([250, 500, 1000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('with half jitter keeps one half, and takes the share of the other that the random source says', () => {
    const delays = [0, 0.5, 0.998].map((share) =>
      backoffDelayMs(backoff, 3, { jitter: 'half', random: () => share }),
    );
    expect(delays).toEqual([500, 750, 999]);
  });

  test('is a whole number between half the delay and the cap, whatever the settings', () => {
    fc.assert(
      fc.property(anyBackoff, anyFailures, anyRandom, (settings, failures, share) => {
        const whole = backoffDelayMs(settings, failures, { jitter: 'none' });
        const jittered = backoffDelayMs(settings, failures, { jitter: 'half', random: () => share });
        expect(Number.isSafeInteger(whole) && Number.isSafeInteger(jittered)).toBe(true);
        expect(jittered).toBeGreaterThanOrEqual(Math.floor(whole / 2));
        expect(jittered).toBeLessThanOrEqual(whole);
        expect(whole).toBeLessThanOrEqual(settings.maxDelayMs);
      }),
    );
  });

  test('never shrinks as failures go on', () => {
    fc.assert(
      fc.property(anyBackoff, anyFailures, (settings, failures) => {
        const now = backoffDelayMs(settings, failures, { jitter: 'none' });
        expect(backoffDelayMs(settings, failures + 1, { jitter: 'none' })).toBeGreaterThanOrEqual(now);
      }),
    );
  });
});
