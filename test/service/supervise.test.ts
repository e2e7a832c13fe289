import { expect, test } from 'vitest';
import { EventBus } from '../../src/engine/event-bus.ts';
import { LockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { mayPass, supervise } from '../../src/service/supervise.ts';

const pause = { initialDelayMs: 1, maxDelayMs: 4, factor: 2 };
const lost = () => new LockstepError('connection-lost', { address: 'db', detail: 'reset' });
const wrong = () => new LockstepError('database-unknown', { address: 'db', database: 'shop' });
const held = () => new LockstepError('lease-held', { pipeline: 'shop', owner: 'other', seconds: 3 });

function listening() {
  const events = new EventBus((error) => {
    throw error;
  });
  const told: string[] = [];
  events.on('status', ({ pipeline, status }) => told.push(`${pipeline} ${status}`));
  events.on('retry', ({ pipeline, code, attempt }) => told.push(`${pipeline} ${code} ${attempt}`));
  return { events, told };
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

test('what may pass is started again, and the others never notice', async () => {
  const { events, told } = listening();
  const stop = new AbortController();
  const starts = { shop: 0, crm: 0 };
  const start = async (name: string, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
    if (name === 'crm') starts.crm += 1;
    else starts.shop += 1;
    if (name === 'shop' && starts.shop <= 3) throw lost();
    if (name === 'shop') stop.abort();
    else await untilAborted(signal);
  };
  const ended = await supervise({ pipelines: ['shop', 'crm'], start, events, signal: stop.signal, pause });
  expect(ended).toEqual([
    { pipeline: 'shop', ended: 'drained', restarts: 3, failure: null },
    { pipeline: 'crm', ended: 'drained', restarts: 0, failure: null },
  ]);
  expect(told).toEqual([1, 2, 3].flatMap((attempt) => ['shop failed', `shop connection-lost ${attempt}`]));
});

test('what a person has to mend is told once and not tried again, while others go on', async () => {
  const { events, told } = listening();
  const stop = new AbortController();
  let crmRan = false;
  const start = async (name: string, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
    if (name === 'shop') throw wrong();
    setTimeout(() => stop.abort(), 20);
    await untilAborted(signal);
    crmRan = true;
    throw new LockstepError('interrupted', { detail: 'SIGTERM' });
  };
  const [shop, crm] = await supervise({
    pipelines: ['shop', 'crm'],
    start,
    events,
    signal: stop.signal,
    pause,
  });
  expect(shop).toMatchObject({ ended: 'failed', restarts: 0, failure: { code: 'database-unknown' } });
  expect(crm).toMatchObject({ ended: 'drained', failure: null });
  expect([told, crmRan]).toEqual([['shop failed'], true]);
});

test('a pipeline that another owner has stands by', async () => {
  const { events, told } = listening();
  const stop = new AbortController();
  let starts = 0;
  const start = async (): Promise<void> => {
    starts += 1;
    if (starts < 3) throw held();
    stop.abort();
  };
  await supervise({ pipelines: ['shop'], start, events, signal: stop.signal, pause });
  expect(told).toEqual(['shop standby', 'shop lease-held 1', 'shop standby', 'shop lease-held 2']);
});

test('stopped while it waits for its next start: drained', async () => {
  const { events } = listening();
  const stop = new AbortController();
  events.on('retry', () => stop.abort());
  const slow = { initialDelayMs: 60_000, maxDelayMs: 60_000, factor: 1 };
  const start = () => Promise.reject(lost());
  const ended = await supervise({ pipelines: ['shop'], start, events, signal: stop.signal, pause: slow });
  expect(ended).toMatchObject([{ ended: 'drained', restarts: 0 }]);
});

test('a failure while draining is a failure', async () => {
  const { events } = listening();
  const stop = new AbortController();
  const start = (): Promise<void> => {
    stop.abort();
    return Promise.reject(lost());
  };
  const ended = await supervise({ pipelines: ['shop'], start, events, signal: stop.signal, pause });
  expect(ended).toMatchObject([{ ended: 'failed', failure: { code: 'connection-lost' } }]);
});

test('which failures may pass', () => {
  const exhausted = new LockstepError('retries-exhausted', {
    what: 'w',
    attempts: 1,
    seconds: 1,
    detail: 'd',
  });
  expect([lost(), held(), exhausted].map(mayPass)).toEqual([true, true, true]);
  expect([wrong(), new LockstepError('internal', { detail: 'd' })].map(mayPass)).toEqual([false, false]);
});

test('who can’t ask the control store stands by, and looks often', async () => {
  const { events, told } = listening();
  const stop = new AbortController();
  const nextSteps: string[] = [];
  events.on('status', ({ nextStep }) => nextSteps.push(nextStep));
  const failures = [
    new LockstepError('lease-unrenewed', { pipeline: 'shop', detail: 'it does not answer' }),
    ...Array.from(
      { length: 4 },
      () => new LockstepError('store-unreachable', { address: 'db', detail: 'the connection was lost' }),
    ),
  ];
  const start = async (): Promise<void> => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    stop.abort();
  };
  const [shop] = await supervise({ pipelines: ['shop'], start, events, signal: stop.signal, pause });
  expect(shop).toMatchObject({ ended: 'drained', restarts: 5 });
  expect(told.filter((line) => line === 'shop standby')).toHaveLength(5);
  expect(new Set(nextSteps)).toEqual(
    new Set(['it goes on when the control store answers, unless another has taken over']),
  );
});
