import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Condition } from '../../../src/engine/pipeline/condition.ts';
import { lifecycleEvents, nextPhase, phases, transitions } from '../../../src/engine/pipeline/lifecycle.ts';
import type { EventMap } from '../../../src/protocol/events.ts';

const spec = readFileSync(new URL('../../../src/engine/pipeline/SPEC.md', import.meta.url), 'utf8');
const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('`', ''));

describe('the table of SPEC.md', () => {
  const lines = spec.split('\n').filter((line) => line.startsWith('|'));
  const [head = '', , ...rows] = lines.slice(0, phases.length + 2);
  const [, ...events] = cells(head);

  test('names every event and every phase', () => {
    expect(events).toEqual([...lifecycleEvents]);
    expect(rows.map((row) => cells(row)[0])).toEqual([...phases]);
  });

  test.each(rows.map((row) => cells(row)))('is what the code does: %s', (phase, ...next) => {
    const written = Object.entries(transitions).find(([name]) => name === phase)?.[1];
    expect(next).toEqual(lifecycleEvents.map((event) => written?.[event]));
  });
});

describe.each(phases)('a pipeline that is %s', (phase) => {
  test.each(lifecycleEvents)('and sees %s', (event) => {
    const next = transitions[phase][event];
    if (next === 'never')
      expect(() => nextPhase(phase, event)).toThrow(`that is ${phase} can't see ${event}`);
    else expect(nextPhase(phase, event)).toBe(next === 'same' ? phase : next);
  });
});

test('every phase can be stopped, and can fail', () => {
  for (const phase of phases) {
    expect(nextPhase(phase, 'stop')).toBe('stopped');
    expect(['failed', 'stopped']).toContain(nextPhase(phase, 'fail'));
  }
});

describe('what is told', () => {
  const said = { reason: 'r', nextStep: 'n' };
  function made(): { condition: Condition; told: string[] } {
    const told: string[] = [];
    const events = {
      emit: (_name: string, event: EventMap[keyof EventMap]) => {
        if ('status' in event) told.push(event.status);
      },
    };
    return { condition: new Condition({ pipeline: 'p', events, now: () => 0 }), told };
  }

  test('trouble makes a pipeline that moves degraded, until the last is over', () => {
    const { condition, told } = made();
    condition.on('caughtUp', said);
    condition.troubled('source', { reason: 'gone', nextStep: '' });
    condition.troubled('destination', { reason: 'full', nextStep: '' });
    condition.relieved('source');
    expect(condition.report).toMatchObject({ status: 'degraded', reason: 'full' });
    condition.relieved('destination');
    expect(told).toEqual(['live', 'degraded', 'degraded', 'live']);
  });

  test('a pipeline that does not move is not degraded: it is paused, whatever the trouble', () => {
    const { condition } = made();
    condition.on('pause', said);
    condition.troubled('source', { reason: 'gone', nextStep: '' });
    expect(condition.report.status).toBe('paused');
  });

  test('nothing new is not told twice', () => {
    const { condition, told } = made();
    condition.on('caughtUp', said);
    condition.on('caughtUp', said);
    expect(told).toEqual(['live']);
  });
});
