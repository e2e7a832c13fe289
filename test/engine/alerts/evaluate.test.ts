import { expect, test } from 'vitest';
import { type AlertStates, evaluate } from '../../../src/engine/alerts/evaluate.ts';
import type { AlertFacts } from '../../../src/engine/alerts/facts.ts';
import { settingsOf } from '../../../src/engine/alerts/settings.ts';
import type { AlertRulesConfig } from '../../../src/protocol/alerts.ts';
import { facts, nowMs, second } from './facts.ts';

function watch(...configs: readonly AlertRulesConfig[]) {
  let states: AlertStates = new Map();
  const settings = { current: settingsOf(configs) };
  const look = (afterSeconds: number, more: Partial<AlertFacts>) => {
    const seen = evaluate(states, facts({ nowMs: nowMs + afterSeconds * second, ...more }), {
      settings: settings.current,
      settleMs: 60 * second,
    });
    states = seen.states;
    return seen.told.map(({ alert, state }) => `${alert} ${state}`);
  };
  return { look, settings, kinds: () => [...states].map(([name, { kind }]) => `${name} ${kind}`) };
}

test('a message says what, since when, what to do and where to read on', () => {
  const { told } = evaluate(new Map(), facts({ deadLetters: 3 }), { settings: settingsOf([]), settleMs: 0 });
  expect(told).toEqual([
    {
      id: `shop/deadLetters/${nowMs}/firing`,
      pipeline: 'shop',
      alert: 'deadLetters',
      state: 'firing',
      severity: 'warning',
      text: '3 keys can’t be applied, set aside',
      nextStep: expect.stringContaining('lockstep dead-letters shop list'),
      runbook: 'docs/operations/alerts.md#deadletters',
      atMs: nowMs,
      sinceMs: nowMs,
      missed: 0,
    },
  ]);
});

test('the end of an alert has the id of its beginning', () => {
  const options = { settings: settingsOf([]), settleMs: 0 };
  const begun = evaluate(new Map(), facts({ deadLetters: 3 }), options);
  const over = evaluate(begun.states, facts({ nowMs: nowMs + 5 * second }), options);
  expect(over.told).toMatchObject([
    {
      id: `shop/deadLetters/${nowMs}/resolved`,
      state: 'resolved',
      text: '3 keys can’t be applied, set aside',
      sinceMs: nowMs,
    },
  ]);
  expect(over.states.size).toBe(0);
});

test('a cause keeps its consequences from beginning, and from ending nothing', () => {
  const { look, kinds } = watch();
  const late = { lag: { kind: 'behind', milliseconds: 500 * second } } as const;
  const away = { awaySinceMs: nowMs - 100 * second, status: 'degraded', failuresInARow: 9 } as const;
  expect(look(0, { ...late, ...away })).toEqual(['disconnected firing']);
  for (let at = 5; at < 200; at += 5) expect(look(at, { ...late, ...away })).toEqual([]);
  expect(kinds()).toEqual(['disconnected firing']);
});

test('an alert that fires before its cause goes on and ends by itself', () => {
  const { look } = watch({ lag: { forSeconds: 0 } });
  const late = { lag: { kind: 'behind', milliseconds: 500 * second } } as const;
  expect(look(0, late)).toEqual(['lag firing']);
  expect(look(5, { ...late, awaySinceMs: nowMs - 100 * second })).toEqual(['disconnected firing']);
  expect(look(10, {})).toEqual([]);
  expect(look(75, {})).toEqual(['disconnected resolved', 'lag resolved']);
});

test('a rule that is turned off is judged no more, and what fired is over', () => {
  const { look, settings, kinds } = watch();
  expect(look(0, { deadLetters: 1 })).toEqual(['deadLetters firing']);
  settings.current = settingsOf([{ deadLetters: false }]);
  expect(look(5, { deadLetters: 1 })).toEqual(['deadLetters resolved']);
  expect(look(10, { deadLetters: 1 })).toEqual([]);
  expect(kinds()).toEqual([]);
});

test('later settings change earlier ones key by key', () => {
  const settings = settingsOf([
    { lag: { threshold: 10, forSeconds: 5 }, drift: false, failed: false },
    { lag: { threshold: 20, severity: 'critical' }, drift: true },
  ]);
  expect(settings.get('lag')).toEqual({ threshold: 20, forMs: 5000, severity: 'critical' });
  expect(settings.get('drift')).toEqual({ threshold: 0, forMs: 0, severity: 'warning' });
  expect(settings.has('failed')).toBe(false);
});
