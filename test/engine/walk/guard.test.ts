import { describe, expect, it } from 'vitest';
import { leavesTooMuch } from '../../../src/engine/walk/guard.ts';

const guard = { maxLeavingShare: 0.2, fromRows: 100 };

describe('the guard over leaving', () => {
  it.each([
    { leaving: 0, total: 0, held: false, why: 'nothing leaves' },
    { leaving: 0, total: 1000, held: false, why: 'nothing leaves' },
    { leaving: -5, total: 1000, held: false, why: 'it grows' },
    { leaving: 1, total: 1, held: true, why: 'everything, however little' },
    { leaving: 99, total: 99, held: true, why: 'everything' },
    { leaving: 98, total: 99, held: false, why: 'below 100 rows the share is not looked at' },
    { leaving: 20, total: 100, held: false, why: 'exactly the share' },
    { leaving: 21, total: 100, held: true, why: 'above the share' },
    { leaving: 200_001, total: 1_000_000, held: true, why: 'above the share' },
  ])('$leaving of $total: $held ($why)', ({ leaving, total, held }) => {
    expect(leavesTooMuch(guard, leaving, total)).toBe(held);
  });

  it.each([
    { leaving: 1, total: 1, held: false, why: 'everything, of a few' },
    { leaving: 99, total: 99, held: false, why: 'everything, of a few' },
    { leaving: 100, total: 100, held: true, why: 'above the share all the same' },
    { leaving: 20, total: 100, held: false, why: 'exactly the share' },
  ])('where all may leave, $leaving of $total: $held ($why)', ({ leaving, total, held }) => {
    expect(leavesTooMuch({ ...guard, mayEmpty: true }, leaving, total)).toBe(held);
  });
});
