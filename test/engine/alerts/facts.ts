import type { AlertFacts } from '../../../src/engine/alerts/facts.ts';

export const nowMs = 1_000_000_000;
export const second = 1000;

/** A pipeline that is well, with what a test changes. */
export const facts = (more: Partial<AlertFacts> = {}): AlertFacts => ({
  pipeline: 'shop',
  nowMs,
  status: 'live',
  isOver: false,
  reason: 'changes flow',
  lag: { kind: 'inStep' },
  movedAtMs: nowMs - second,
  watchedSinceMs: nowMs - 3_600 * second,
  awaySinceMs: null,
  failuresInARow: 0,
  recent: { succeeded: 100, failed: 0 },
  deadLetters: 0,
  guards: null,
  forgets: { inMs: null },
  drift: { rows: 0 },
  schedule: { shortestMs: 3_600 * second },
  comparisons: { longestMs: 7_200 * second },
  run: { startedAtMs: nowMs - 600 * second, endedAtMs: nowMs - 500 * second },
  provenAtMs: nowMs - 600 * second,
  ...more,
});
