import { expect, test } from 'vitest';
import { lagOf } from '../../../src/engine/pipeline/lag.ts';
import { Ledger } from '../../../src/engine/stream/ledger.ts';

const capabilities = {
  transactions: true,
  deletes: true,
  origin: false,
  assigned: false,
  content: 'rows',
} as const;

const feed = {
  capabilities,
  order: (_shard: string, a: string, b: string) =>
    Number(a) < Number(b) ? 'before' : a === b ? 'same' : 'after',
} as const;
const hourMs = 3_600_000;

/** The source's clock is an hour behind the engine's. */
const head = (position: string, readAtMs: number) => ({
  heads: { positions: new Map([['main', position]]), atMs: readAtMs - hourMs },
  readAtMs,
});

function ledgerAt(position: string, committedAtMs: number): Ledger {
  const ledger = new Ledger(new Map(), () => 0);
  ledger.applied('main', { position, epoch: 0, committedAtMs });
  return ledger;
}

const now = 10 * hourMs;

test('nothing is known before the source was asked', () => {
  expect(lagOf({ ledger: ledgerAt('5', 0), feed, seen: [], nowMs: now })).toEqual({
    kind: 'unknown',
    atLeastMs: 0,
  });
});

test('a head that was read less than five seconds ago and is reached', () => {
  const ledger = ledgerAt('5', 0);
  expect(lagOf({ ledger, feed, seen: [head('5', now - 4_900)], nowMs: now })).toEqual({ kind: 'inStep' });
  expect(lagOf({ ledger, feed, seen: [head('5', now - 4_900), head('6', now)], nowMs: now })).toEqual({
    kind: 'inStep',
  });
});

test('by the source’s clock, whatever ours says', () => {
  const ledger = ledgerAt('5', now - hourMs - 700);
  expect(lagOf({ ledger, feed, seen: [head('6', now)], nowMs: now })).toEqual({
    kind: 'behind',
    milliseconds: 700,
  });
});

test('without contact it is unknown, and at least what it was and has grown to', () => {
  const reached = ledgerAt('5', 0);
  expect(lagOf({ ledger: reached, feed, seen: [head('5', now - 8_000)], nowMs: now })).toEqual({
    kind: 'unknown',
    atLeastMs: 8_000,
  });
  const behind = ledgerAt('5', now - hourMs - 60_000);
  expect(lagOf({ ledger: behind, feed, seen: [head('6', now - 8_000)], nowMs: now })).toEqual({
    kind: 'unknown',
    atLeastMs: 60_000,
  });
});

test('of a source that tells no changes it is the time since they were last looked for, never nothing', () => {
  const silent = { ...feed, capabilities: { ...capabilities, content: 'nothing' } } as const;
  const asked = ledgerAt('5', now - hourMs - 30_000);
  expect(lagOf({ ledger: asked, feed: silent, seen: [head('5', now - 1_000)], nowMs: now })).toEqual({
    kind: 'behind',
    milliseconds: 30_000,
  });
  expect(lagOf({ ledger: asked, feed: silent, seen: [head('5', now - 8_000)], nowMs: now })).toEqual({
    kind: 'unknown',
    atLeastMs: 30_000,
  });
});
