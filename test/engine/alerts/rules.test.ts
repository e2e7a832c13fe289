import { expect, test } from 'vitest';
import type { AlertFacts } from '../../../src/engine/alerts/facts.ts';
import { alertRules } from '../../../src/engine/alerts/rules.ts';
import { type AlertName, alertNames } from '../../../src/protocol/alerts.ts';
import { facts, nowMs, second } from './facts.ts';

const behind = (seconds: number) => ({ kind: 'behind', milliseconds: seconds * second }) as const;
const unknown = (seconds: number) => ({ kind: 'unknown', atLeastMs: seconds * second }) as const;

type Case = readonly [AlertName, Partial<AlertFacts>, 'good' | 'bad' | 'unknown'];

const cases: readonly Case[] = [
  ['failed', { status: 'failed' }, 'bad'],
  ['failed', { status: 'starting' }, 'unknown'],
  ['failed', { status: 'copying' }, 'unknown'],
  ['failed', { status: 'stopped' }, 'unknown'],
  ['failed', { status: 'degraded' }, 'good'],
  ['disconnected', { awaySinceMs: nowMs - 61 * second, status: 'degraded' }, 'bad'],
  ['disconnected', { awaySinceMs: nowMs - 59 * second, status: 'degraded' }, 'unknown'],
  ['disconnected', { status: 'failed' }, 'unknown'],
  ['failing', { failuresInARow: 5, status: 'degraded' }, 'bad'],
  ['failing', { failuresInARow: 4, status: 'degraded' }, 'unknown'],
  ['failing', { failuresInARow: 0, status: 'starting' }, 'unknown'],
  ['stalled', { lag: behind(5), movedAtMs: nowMs - 11 * second }, 'bad'],
  ['stalled', { lag: behind(500), movedAtMs: nowMs - second }, 'good'],
  ['stalled', { lag: behind(500), movedAtMs: null, watchedSinceMs: nowMs - 9 * second }, 'unknown'],
  ['stalled', { lag: behind(500), movedAtMs: null }, 'bad'],
  ['stalled', { lag: behind(500), movedAtMs: null, status: 'paused' }, 'unknown'],
  ['stalled', { lag: unknown(500), movedAtMs: null }, 'unknown'],
  ['stalled', { lag: null }, 'unknown'],
  ['lag', { lag: behind(61) }, 'bad'],
  ['lag', { lag: behind(60) }, 'good'],
  ['lag', { lag: unknown(500) }, 'unknown'],
  ['lag', { lag: behind(61), status: 'paused' }, 'unknown'],
  ['errorRate', { recent: { succeeded: 94, failed: 6 } }, 'bad'],
  ['errorRate', { recent: { succeeded: 0, failed: 5 } }, 'bad'],
  ['errorRate', { recent: { succeeded: 1, failed: 4 } }, 'good'],
  ['errorRate', { recent: { succeeded: 950, failed: 50 } }, 'good'],
  ['errorRate', { recent: { succeeded: 0, failed: 0 } }, 'good'],
  ['errorRate', { recent: { succeeded: 0, failed: 0 }, watchedSinceMs: nowMs - 299 * second }, 'unknown'],
  ['deadLetters', { deadLetters: 1 }, 'bad'],
  ['guardWaiting', { guards: { leaving: 30, oldestAtMs: nowMs } }, 'bad'],
  ['guardWaiting', { guards: { leaving: 30, oldestAtMs: nowMs + second } }, 'unknown'],
  ['sourceForgets', { forgets: { inMs: 3_600 * second } }, 'bad'],
  ['sourceForgets', { forgets: { inMs: 3_601 * second } }, 'good'],
  ['sourceForgets', { forgets: { inMs: 5 }, status: 'paused' }, 'bad'],
  ['sourceForgets', { forgets: null }, 'unknown'],
  ['drift', { drift: { rows: 1 } }, 'bad'],
  ['drift', { drift: null }, 'unknown'],
  ['nearInterval', { run: { startedAtMs: nowMs - 3_000 * second, endedAtMs: null } }, 'bad'],
  ['nearInterval', { run: { startedAtMs: 0, endedAtMs: 2_900 * second } }, 'bad'],
  ['nearInterval', { run: { startedAtMs: nowMs - 100 * second, endedAtMs: null } }, 'unknown'],
  ['nearInterval', { schedule: null }, 'unknown'],
  ['nearInterval', { run: null }, 'unknown'],
  ['unproven', { provenAtMs: nowMs - 14_401 * second }, 'bad'],
  ['unproven', { provenAtMs: nowMs - 14_399 * second }, 'good'],
  ['unproven', { provenAtMs: 0, comparisons: null }, 'unknown'],
];

test.each(cases)('%s, with %j: %s', (name, more, wanted) => {
  const rule = alertRules[name];
  expect(rule.judge(facts(more), rule.threshold)?.kind ?? 'unknown').toBe(wanted);
});

test('a pipeline that is well gives no alert, and every rule was seen to be bad', () => {
  for (const { judge, threshold } of Object.values(alertRules))
    expect(judge(facts(), threshold)).toEqual({ kind: 'good' });
  expect(new Set(cases.flatMap(([name, , wanted]) => (wanted === 'bad' ? [name] : [])))).toEqual(
    new Set(alertNames),
  );
});

test('every rule says a next step, names itself, and is covered by what is judged before it', () => {
  for (const [index, name] of alertNames.entries()) {
    const rule = alertRules[name];
    expect(rule.name).toBe(name);
    expect(rule.nextStep('shop').length).toBeGreaterThan(10);
    for (const cause of rule.coveredBy) expect(alertNames.indexOf(cause)).toBeLessThan(index);
  }
});
