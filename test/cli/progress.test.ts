import { expect, test } from 'vitest';
import { blockLines, logLines } from '../../src/cli/progress/lines.ts';
import {
  advance,
  noProgress,
  type Progress,
  type ProgressEvent,
  paceOf,
} from '../../src/cli/progress/model.ts';

const pipeline = 'shop';
const started: ProgressEvent = {
  name: 'pass.started',
  event: { pipeline, kind: 'run', resumed: false, collections: ['orders', 'lines'], estimatedRows: 3000 },
};
const begun = (estimatedRows: number): ProgressEvent => ({
  name: 'collection.started',
  event: { pipeline, collection: 'orders', estimatedRows, partitions: 1 },
});
const rows = (count: number): ProgressEvent => ({
  name: 'rows.done',
  event: { pipeline, collection: 'orders', verb: 'copied', rows: count, bytes: 0 },
});
const finished: ProgressEvent = {
  name: 'collection.finished',
  event: {
    pipeline,
    collection: 'orders',
    seconds: 4,
    counts: {
      sourceRows: 2000,
      targetRows: 2000,
      copied: 2000,
      inserted: 0,
      updated: 0,
      left: 0,
      clashes: 0,
      deadLetters: 0,
      held: 0,
    },
  },
};

const after = (...steps: readonly (readonly [number, ProgressEvent])[]): Progress =>
  steps.reduce((progress, [atMs, step]) => advance(progress, step, atMs), noProgress);

const orders = (progress: Progress) => {
  const collection = progress.collections.get('orders');
  if (collection === undefined) throw new Error('orders is not there');
  return collection;
};

test('a collection waits, works and is done', () => {
  expect(orders(after([0, started])).phase).toBe('waiting');
  expect(orders(after([0, started], [0, begun(2000)])).phase).toBe('working');
  const done = after([0, started], [0, begun(2000)], [1000, rows(2000)], [4000, finished]);
  expect(paceOf(orders(done), 5000)).toEqual({ share: 1, rowsPerSecond: 500, secondsLeft: null });
});

test('rate and time left come from the last ten seconds', () => {
  const slow = Array.from({ length: 10 }, (_, index) => [(index + 1) * 1000, rows(1)] as const);
  const fast = Array.from({ length: 10 }, (_, index) => [(index + 11) * 1000, rows(100)] as const);
  const pace = paceOf(orders(after([0, begun(2010)], ...slow, ...fast)), 20_000);
  expect(pace).toEqual({ share: 1010 / 2010, rowsPerSecond: 100, secondsLeft: 10 });
});

test('a rate goes to zero when nothing moves any more', () => {
  const progress = after([0, begun(2000)], [1000, rows(1000)]);
  expect(paceOf(orders(progress), 60_000)).toMatchObject({ rowsPerSecond: 0, secondsLeft: null });
});

test('an estimate that is too low never looks finished, an unknown one has no share', () => {
  expect(paceOf(orders(after([0, begun(100)], [1000, rows(500)])), 1000)).toMatchObject({
    share: 0.99,
    secondsLeft: null,
  });
  expect(paceOf(orders(after([0, begun(0)], [1000, rows(500)])), 1000)).toMatchObject({
    share: null,
    secondsLeft: null,
  });
});

test('a failed collection stays failed', () => {
  const failed: ProgressEvent = {
    name: 'failed',
    event: { pipeline, collection: 'orders', code: 'key-missing', class: 'collection', message: '' },
  };
  expect(orders(after([0, begun(100)], [1, failed])).phase).toBe('failed');
});

test('lines say share, rows, rate and time left, and never wrap', () => {
  const progress = after([0, started], [0, begun(2000)], [1000, rows(1000)]);
  expect(blockLines(progress, { nowMs: 1000, columns: 100 })).toEqual([
    'orders ██████████░░░░░░░░░░ 50 %  1,000 of about 2,000 rows  1,000 rows/s  1.0 s left',
    '0 of 2 collections done',
  ]);
  expect(blockLines(progress, { nowMs: 1000, columns: 20 }).every((line) => line.length < 20)).toBe(true);
  expect(logLines(progress, 1000)).toEqual([
    'orders: 50 %, 1,000 of about 2,000 rows, 1,000 rows/s, 1.0 s left',
  ]);
});
