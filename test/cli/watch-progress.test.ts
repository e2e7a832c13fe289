import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchProgress } from '../../src/cli/progress/watch.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { EventBus } from '../../src/engine/event-bus.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function watch({ isTTY = false, quiet = false } = {}) {
  const written: string[] = [];
  const output = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  const nowhere = { write: () => undefined };
  const terminal = new Terminal({ stdout: nowhere, stderr: output, quiet, color: false });
  const events = new EventBus((error) => {
    throw error;
  });
  const watching = watchProgress(events, terminal);
  events.emit('collection.started', {
    pipeline: 'shop',
    collection: 'orders',
    estimatedRows: 4000,
    partitions: 1,
  });
  const copy = (rows: number) =>
    events.emit('rows.done', { pipeline: 'shop', collection: 'orders', verb: 'copied', rows, bytes: 0 });
  return { written, watching, copy };
}

test('without a terminal there is a line every ten seconds, and none after the end', () => {
  const { written, watching, copy } = watch();
  copy(1000);
  vi.advanceTimersByTime(9_999);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(written).toEqual([expect.stringMatching(/^orders: 25 %, 1,000 of about 4,000 rows.*\n$/)]);
  copy(1000);
  vi.advanceTimersByTime(20_000);
  expect(written).toHaveLength(3);
  expect(written[2]).toMatch(/^orders: 50 %, 2,000 of about 4,000 rows/);
  watching[Symbol.dispose]();
  copy(1000);
  vi.advanceTimersByTime(60_000);
  expect(written).toHaveLength(3);
});

test('on a terminal the block is drawn again ten times a second, and taken away at the end', () => {
  const { written, watching, copy } = watch({ isTTY: true });
  copy(1000);
  vi.advanceTimersByTime(1_000);
  expect(written).toHaveLength(10);
  expect(written[0]).toContain('orders █████');
  watching[Symbol.dispose]();
  expect(written.at(-1)).not.toContain('orders');
});

test('with --quiet nothing is shown', () => {
  const { written, watching, copy } = watch({ quiet: true });
  copy(1000);
  vi.advanceTimersByTime(60_000);
  watching[Symbol.dispose]();
  expect(written).toEqual([]);
});
