import { describe, expect, test } from 'vitest';
import { Breaker } from '../../../src/engine/stream/breaker.ts';
import { DueKeys } from '../../../src/engine/stream/due-keys.ts';
import { LeaveGauge } from '../../../src/engine/stream/leave-gauge.ts';
import { Ledger } from '../../../src/engine/stream/ledger.ts';
import { TouchQueue } from '../../../src/engine/stream/touch-queue.ts';

const never = new AbortController().signal;

describe('keys that are due', () => {
  test('are taken once, the due ones, of collections that may be tried', () => {
    const due = new DueKeys();
    due.set('users', '1', 10);
    due.set('users', '2', 30);
    due.set('stopped', '3', 0);
    expect(due.nextAtMs()).toBe(0);
    const taken = due.take(20, 10, (name) => name !== 'stopped');
    expect([...taken]).toEqual([['users', ['1']]]);
    expect(due.nextAtMs()).toBe(30);
    expect(due.take(20, 10, () => true)).toEqual(new Map());
  });

  test('no more than asked for; the rest stays due', () => {
    const due = new DueKeys();
    for (const key of ['1', '2', '3']) due.set('users', key, 0);
    expect(due.take(0, 2, () => true).get('users')).toHaveLength(2);
    expect(due.take(0, 2, () => true).get('users')).toHaveLength(1);
    expect(due.nextAtMs()).toBeNull();
  });
});

describe('the guard of a stream', () => {
  const limits = { maxLeavingShare: 0.2, fromRows: 100 };

  test('lets a fifth leave within ten minutes, and no more', () => {
    const gauge = new LeaveGauge(1_000);
    expect(gauge.allows(200, limits, 0)).toBe(true);
    expect(gauge.allows(201, limits, 0)).toBe(false);
    gauge.moved({ inserted: 0, left: 150 }, 0);
    expect(gauge.allows(50, limits, 1_000)).toBe(true);
    expect(gauge.allows(51, limits, 1_000)).toBe(false);
    expect(gauge.allows(170, limits, 700_000)).toBe(true);
  });

  test('does not add up rows that come and go', () => {
    const gauge = new LeaveGauge(500);
    for (let at = 0; at < 100; at += 1) gauge.moved({ inserted: 50, left: 50 }, at * 1_000);
    expect(gauge.allows(60, limits, 100_000)).toBe(true);
  });

  test('leaves small collections alone', () => {
    expect(new LeaveGauge(99).allows(99, limits, 0)).toBe(true);
    expect(new LeaveGauge(100).allows(100, limits, 0)).toBe(false);
  });

  test('does not miss what somebody allowed to leave', () => {
    const gauge = new LeaveGauge(1_000);
    gauge.moved({ inserted: 0, left: 900, allowed: 900 }, 0);
    expect(gauge.allows(15, limits, 1_000)).toBe(true);
    expect(gauge.allows(30, limits, 1_000)).toBe(false);
  });
});

test('a breaker opens after so many failures in a row, and closes with the first success', () => {
  const breaker = new Breaker({ breakerFailures: 3, breakerPauseMs: 500 });
  expect([breaker.failed(10), breaker.failed(20)]).toEqual([10, 20]);
  expect(breaker.isOpen).toBe(false);
  expect(breaker.failed(40)).toBe(500);
  expect(breaker.failed(800)).toBe(800);
  expect(breaker.succeeded()).toBe(true);
  expect(breaker.succeeded()).toBe(false);
  expect(breaker.failed(10)).toBe(10);
});

test('a bare boundary is saved at most once a second', () => {
  let now = 0;
  const ledger = new Ledger(new Map([['main', 'a']]), () => now);
  expect(ledger.keepaliveDueInMs('main', 'b')).toBe(0);
  ledger.applied('main', { position: 'b', epoch: 0, committedAtMs: 5 });
  expect(ledger.keepaliveDueInMs('main', 'b')).toBe(1_000);
  now = 400;
  expect(ledger.keepaliveDueInMs('main', 'b')).toBe(600);
  now = 2_000;
  expect(ledger.keepaliveDueInMs('main', 'b')).toBe(0);
  ledger.applied('main', { position: 'c', epoch: 0, committedAtMs: null });
  expect(ledger.of('main')).toEqual({ position: 'c', epoch: 0, committedAtMs: 5 });
});

test('a bare boundary that somebody waits for is saved at once, and no other is', () => {
  const ledger = new Ledger(new Map(), () => 0);
  ledger.applied('main', { position: 'b', epoch: 0, committedAtMs: null });
  {
    using _ = ledger.awaits({ shard: 'main', reached: (at) => at >= 'd' });
    expect(ledger.keepaliveDueInMs('main', 'c')).toBe(1_000);
    expect(ledger.keepaliveDueInMs('main', 'd')).toBe(0);
    expect(ledger.keepaliveDueInMs('other', 'd')).toBe(1_000);
  }
  expect(ledger.keepaliveDueInMs('main', 'd')).toBe(1_000);
});

describe('keys that are to be touched', () => {
  test('are taken together, and drained only when they are written', async () => {
    const queue = new TouchQueue();
    await queue.add('users', ['1', '2'], { signal: never });
    await queue.add('users', ['2'], { signal: never, mayLeave: true });
    let drained = false;
    const waiting = queue.drained('users', never).then(() => {
      drained = true;
    });
    const taken = queue.take({ keys: 10, bytes: 1_000, sizeOf: () => 1 });
    expect([...(taken[0]?.keys ?? [])]).toEqual([
      ['1', { mayLeave: false }],
      ['2', { mayLeave: true }],
    ]);
    await Promise.resolve();
    expect(drained).toBe(false);
    queue.done(taken);
    await waiting;
    expect(queue.size).toBe(0);
  });

  test('who adds more than there is room for waits', async () => {
    const queue = new TouchQueue();
    const keys = Array.from({ length: 20_001 }, (_, index) => String(index));
    let added = false;
    const adding = queue.add('users', keys, { signal: never }).then(() => {
      added = true;
    });
    await new Promise(setImmediate);
    expect(added).toBe(false);
    queue.done(queue.take({ keys: 10, bytes: 1_000, sizeOf: () => 1 }));
    await adding;
    expect(queue.size).toBe(19_991);
  });

  test('a collection that stopped is forgotten, and nobody waits for it', async () => {
    const queue = new TouchQueue();
    await queue.add('users', ['1'], { signal: never });
    const waiting = queue.drained('users', never);
    queue.forget('users');
    await waiting;
    expect(queue.size).toBe(0);
  });
});
