import { expect, test } from 'vitest';
import type { Lockstep } from '../../../src/index.ts';
import { type LogLevel, openLog } from '../../../src/recipes/program/log.ts';
import { logEvents } from '../../../src/recipes/program/log-events.ts';

type Said = Record<string, unknown>;

function collected(least: LogLevel): { readonly log: ReturnType<typeof openLog>; readonly said: Said[] } {
  const said: Said[] = [];
  return { log: openLog((line) => said.push(JSON.parse(line)), least), said };
}

/** An engine's events, told by hand. */
function teller() {
  const listeners = new Map<string, Set<(event: never) => void>>();
  const on: Lockstep['events']['on'] = (name, listener) => {
    const all = listeners.get(name) ?? new Set();
    listeners.set(name, all.add(listener));
    return () => all.delete(listener);
  };
  return {
    engine: { events: { on } },
    tell: (name: string, event: object) => {
      for (const listener of listeners.get(name) ?? []) listener(event as never);
    },
  };
}

test('each line is one object with its time, its level, its message and the details', () => {
  const { log, said } = collected('INFO');
  log('WARNING', 'It waits', { seconds: 3 });
  expect(said).toEqual([
    { timestamp: expect.stringMatching(/^\d{4}-.*Z$/), level: 'WARNING', message: 'It waits', seconds: 3 },
  ]);
});

test('what is below the least level is not written', () => {
  const { log, said } = collected('WARNING');
  for (const level of ['DEBUG', 'INFO', 'SUCCESS', 'WARNING', 'ERROR'] as const) log(level, level);
  expect(said.map(({ message }) => message)).toEqual(['WARNING', 'ERROR']);
});

test('events are said in the recipe’s own lines until it is disposed; those without a line are not', () => {
  const { log, said } = collected('DEBUG');
  const { engine, tell } = teller();
  {
    using _lines = logEvents(engine, log, { failed: ({ code }) => ['ERROR', 'It failed', { code }] });
    tell('failed', { code: 'internal' });
    tell('notice', { message: 'nobody asked' });
  }
  tell('failed', { code: 'internal' });
  expect(said).toEqual([expect.objectContaining({ level: 'ERROR', message: 'It failed', code: 'internal' })]);
});

test('a status is said once, however often it is told; another event each time', () => {
  const { log, said } = collected('DEBUG');
  const { engine, tell } = teller();
  using _lines = logEvents(engine, log, {
    status: ({ status }) => ['INFO', status],
    'breaker.closed': () => ['INFO', 'again'],
  });
  for (const status of ['standby', 'standby', 'live', 'standby']) tell('status', { status });
  tell('breaker.closed', {});
  tell('breaker.closed', {});
  expect(said.map(({ message }) => message)).toEqual(['standby', 'live', 'standby', 'again', 'again']);
});
