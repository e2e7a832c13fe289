import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Pace } from '../../../src/engine/throttle/pace.ts';

const lookedAt = (looks: readonly boolean[]): Pace => {
  const pace = new Pace();
  for (const isBusy of looks) pace.looked(isBusy);
  return pace;
};

describe('Pace', () => {
  test('halves the share of work with each busy look, and comes back the same way', () => {
    const pace = new Pace();
    const shares = [true, true, true, false, false, false, false].map((isBusy) => {
      pace.looked(isBusy);
      return pace.share;
    });
    expect(shares).toEqual([1 / 2, 1 / 4, 1 / 8, 1 / 4, 1 / 2, 1, 1]);
  });

  test('says whether it has changed', () => {
    const pace = new Pace();
    expect([false, true, false, false].map((isBusy) => pace.looked(isBusy))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test('never stops, however long the destination is busy', () => {
    expect(lookedAt(Array.from({ length: 100 }, () => true)).share).toBe(1 / 64);
  });

  test('is back at full speed after as many quiet looks as it was busy, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (looks) => {
        const pace = lookedAt(looks);
        for (let look = 0; look < 6; look += 1) pace.looked(false);
        expect(pace.share).toBe(1);
      }),
    );
  });
});
