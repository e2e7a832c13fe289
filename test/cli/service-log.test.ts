import { expect, test, vi } from 'vitest';
import { openServiceLog } from '../../src/cli/logs/service-log.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { EventBus } from '../../src/engine/event-bus.ts';
import type { EventMap } from '../../src/protocol/events.ts';
import { seal } from '../../src/service/secrets/seal.ts';

function open() {
  let text = '';
  const stdout = { write: (piece: string) => (text += piece) };
  const terminal = new Terminal({ stdout, stderr: { write: () => true }, quiet: false, color: false });
  terminal.protect(seal(['canary-pass']));
  const events = new EventBus((error) => {
    throw error;
  });
  const lines = (): Record<string, unknown>[] =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Record<string, unknown> => JSON.parse(line));
  return { events, log: openServiceLog(events, terminal), lines };
}

const window = (milliseconds: number): EventMap['window.applied'] => ({
  pipeline: 'shop',
  shard: 'main',
  changes: 3,
  keys: 2,
  touches: 0,
  inserted: 1,
  updated: 1,
  left: 0,
  unchanged: 0,
  bytes: 10,
  milliseconds,
  committedAtMs: null,
  torn: milliseconds === 5,
});

test('windows and dead letters are one line each per pipeline and second', () => {
  vi.useFakeTimers();
  try {
    const { events, log, lines } = open();
    events.emit('lag', {
      pipeline: 'shop',
      lag: { kind: 'behind', milliseconds: 7 },
      retained: null,
      forgetsInMs: null,
    });
    for (const milliseconds of [2, 5, 1]) events.emit('window.applied', window(milliseconds));
    for (let key = 1; key <= 500; key += 1)
      events.emit('dead-letter.put', {
        pipeline: 'shop',
        collection: 'orders',
        key: `["${key}"]`,
        code: 'value-refused',
        message: 'too long',
      });
    expect(lines()).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(lines()).toMatchObject([
      {
        level: 'info',
        pipeline: 'shop',
        event: 'window.applied',
        windows: 3,
        changes: 9,
        written: 6,
        slowestMs: 5,
        torn: 1,
        lag: { kind: 'behind', milliseconds: 7 },
        msg: '9 changes in 3 windows, 6 rows written',
      },
      { level: 'warn', event: 'dead-letter.put', letters: 500, first: { length: 3 } },
    ]);
    vi.advanceTimersByTime(5000);
    expect(lines()).toHaveLength(2);
    events.emit('window.applied', window(1));
    log[Symbol.dispose]();
    expect(lines()).toHaveLength(3);
  } finally {
    vi.useRealTimers();
  }
});

test('what happens seldom has a line of its own, with a level, and without secrets', () => {
  const { events, log, lines } = open();
  const pipeline = 'shop';
  events.emit('status', { pipeline, status: 'failed', reason: 'canary-pass', nextStep: 'mend it' });
  events.emit('gap', {
    pipeline,
    gap: { shard: 'main', from: null, to: null, reason: 'the slot was dropped' },
    collections: ['orders'],
  });
  const stopped = { status: 'stopped' as const, reason: 'column dropped', nextStep: 'run the DDL' };
  events.emit('collection.status', { pipeline, collection: 'orders', ...stopped });
  events.emit('collection.status', {
    pipeline,
    collection: 'orders',
    status: 'live',
    reason: '',
    nextStep: '',
  });
  events.emit('rows.done', { pipeline, collection: 'orders', verb: 'copied', rows: 1, bytes: 1 });
  log[Symbol.dispose]();
  expect(lines().map(({ level, event, msg }) => [level, event, msg])).toEqual([
    ['error', 'status', 'failed: [secret]; next: mend it'],
    ['warn', 'gap', expect.stringMatching(/^history is missing \(orders\): the slot was dropped/)],
    ['error', 'collection.status', 'orders: stopped: column dropped; next: run the DDL'],
    ['info', 'collection.status', 'orders: live'],
  ]);
});
