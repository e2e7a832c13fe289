import { expect, test } from 'vitest';
import type { StartedPipeline } from '../../src/service/live-results.ts';
import { withinDrain } from '../../src/service/within-drain.ts';

const drained: readonly StartedPipeline[] = [
  { pipeline: 'shop', ended: 'drained', restarts: 0, failure: null },
];
const pipelines = ['shop'];

test('what ends in time ends as it does', async () => {
  const stopping = new AbortController();
  const running = Promise.withResolvers<readonly StartedPipeline[]>();
  const ended = withinDrain(running.promise, { pipelines, signal: stopping.signal, drainMs: 60_000 });
  stopping.abort();
  running.resolve(drained);
  expect(await ended).toBe(drained);
});

test('what does not end in time is left, and told as failed', async () => {
  const stopping = new AbortController();
  const never = new Promise<readonly StartedPipeline[]>(() => {});
  const ended = withinDrain(never, { pipelines, signal: stopping.signal, drainMs: 20 });
  stopping.abort();
  expect(await ended).toMatchObject([
    {
      pipeline: 'shop',
      ended: 'failed',
      failure: { code: 'interrupted', message: expect.stringContaining('within 0.02 s') },
    },
  ]);
});

test('nothing is limited before it is to stop, and one that was stopped already is', async () => {
  const running = Promise.withResolvers<readonly StartedPipeline[]>();
  const untold = withinDrain(running.promise, {
    pipelines,
    signal: new AbortController().signal,
    drainMs: 0,
  });
  const stopped = withinDrain(running.promise, { pipelines, signal: AbortSignal.abort(), drainMs: 0 });
  expect(await stopped).toMatchObject([{ ended: 'failed' }]);
  running.resolve(drained);
  expect(await untold).toBe(drained);
});
