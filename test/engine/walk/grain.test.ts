import { expect, test } from 'vitest';
import { Grain } from '../../../src/engine/walk/grain.ts';

const rows = 100_000;
const looks = (...suspects: readonly number[]): Grain => {
  const grain = new Grain();
  for (const each of suspects) grain.learn(each, rows);
  return grain;
};

test('nothing is taken for equal before something was seen to be', () => {
  expect(looks().expectsEqual).toBe(false);
  expect(looks(0).expectsEqual).toBe(true);
  expect(looks(1).expectsEqual).toBe(false);
});

test('a difference among eight partitions does not end that, one among seven does', () => {
  expect(looks(0, 0, 0, 0, 0, 0, 0, 1).expectsEqual).toBe(true);
  expect(looks(0, 0, 0, 0, 0, 0, 1).expectsEqual).toBe(false);
});

test('groups are small once much differs, and rows are looked at where differences lie close', () => {
  const few = looks(10);
  expect({ small: few.rowsPerGroup < 100, seesRows: few.seesRows }).toEqual({
    small: false,
    seesRows: false,
  });
  const many = looks(rows / 4);
  expect({ small: many.rowsPerGroup < 100, seesRows: many.seesRows }).toEqual({
    small: true,
    seesRows: true,
  });
});
