import { expect, test } from 'vitest';
import { type Findings, isRight } from '../../../src/recipes/quickstart/demo/verdict.ts';

const right: Findings = {
  kill: { inTheMiddle: true, arrived: 50_000 },
  copied: true,
  drift: 12,
  repaired: 12,
  refreshed: true,
  verified: true,
  left: 0,
  deadLetters: 0,
  takenOver: true,
  missed: 0,
  drained: true,
};

test('the demo is right when every act showed what it is there for', () => {
  expect(isRight(right)).toBe(true);
});

test.each<Partial<Findings>>([
  { kill: { inTheMiddle: false, arrived: 120_000 } },
  { copied: false },
  { drift: 0 },
  { repaired: 0 },
  { refreshed: false },
  { verified: false },
  { left: 1 },
  { deadLetters: 1 },
  { takenOver: false },
  { missed: 1 },
  { drained: false },
])('it is not with %j', (found) => {
  expect(isRight({ ...right, ...found })).toBe(false);
});
