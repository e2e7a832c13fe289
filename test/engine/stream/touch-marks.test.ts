import { expect, test } from 'vitest';
import { TouchMarks } from '../../../src/engine/stream/touch-marks.ts';

const reached = (at: string, until: string): boolean => Number(at) >= Number(until);

test('a key is marked until the stream has passed the head that was taken after its read (L3)', () => {
  const marks = new TouchMarks();
  marks.mark('users', ['1', '2'], '10');
  expect(marks.isMarked('users', '1')).toBe(true);
  expect(marks.isMarked('users', '3')).toBe(false);
  expect(marks.isMarked('orders', '1')).toBe(false);
  expect(marks.passed('9', reached)).toEqual([]);
  expect(marks.isMarked('users', '1')).toBe(true);
  expect(marks.passed('10', reached)).toEqual(['users']);
  expect(marks.isMarked('users', '1')).toBe(false);
});

test('a key that is read again is marked for longer', () => {
  const marks = new TouchMarks();
  marks.mark('users', ['1', '2'], '10');
  marks.mark('users', ['1'], '20');
  expect(marks.passed('10', reached)).toEqual([]);
  expect(marks.isMarked('users', '1')).toBe(true);
  expect(marks.isMarked('users', '2')).toBe(false);
  expect(marks.passed('20', reached)).toEqual(['users']);
});

test('a whole collection is marked, as after a restart', () => {
  const marks = new TouchMarks();
  marks.markWhole('users', '10');
  expect(marks.isMarked('users', 'any')).toBe(true);
  marks.passed('10', reached);
  expect(marks.isMarked('users', 'any')).toBe(false);
});

test('too many keys make it a mark of the collection, so that memory stays bounded', () => {
  const marks = new TouchMarks();
  for (let page = 0; page < 101; page += 1)
    marks.mark(
      'users',
      Array.from({ length: 1_000 }, (_, index) => `${page}-${index}`),
      String(page),
    );
  expect(marks.isMarked('users', 'never read')).toBe(true);
  marks.passed('99', reached);
  expect(marks.isMarked('users', '100-1')).toBe(true);
  expect(marks.passed('100', reached)).toEqual(['users']);
});

test('whether a mark will be passed can be asked before the stream has come there', () => {
  const marks = new TouchMarks();
  expect(marks.outlives('users', '1', reached)).toBe(false);
  marks.mark('users', ['1'], '10');
  marks.mark('users', ['2'], '20');
  expect(marks.outlives('users', '10', reached)).toBe(true);
  expect(marks.outlives('users', '20', reached)).toBe(false);
  expect(marks.isMarked('users', '1')).toBe(true);
  marks.markWhole('users', '30');
  expect(marks.outlives('users', '20', reached)).toBe(true);
  expect(marks.outlives('users', '30', reached)).toBe(false);
});
