import { expect, test } from 'vitest';
import { z } from 'zod';
import { runsSchema, statusSchema } from '../../src/server/routes/status-schema.ts';
import { leaseOn } from '../service/pipeline/fixture.ts';
import { openTestServer, type TestServer } from './server-fixture.ts';

const counts = { copied: 1, inserted: 2, updated: 3, left: 4, clashes: 0, deadLetters: 5, held: 6 };
const ends = [
  { result: 'equal', summary: { seconds: 1, collections: { a: counts, b: counts } } },
  { result: 'failed', summary: { reason: 'scheduled', dueAtMs: 60_000, code: 'read-only', message: 'why' } },
  { result: 'failed', summary: { reason: 'followed', dueAtMs: 120_000, code: 'gone-since', message: 'why' } },
] as const;

async function putRuns({ store }: TestServer): Promise<void> {
  const by = await leaseOn(store, 'stock');
  for (const [index, { result, summary }] of ends.entries()) {
    const id = await store.runs.begin(by, { kind: 'run', startedAtMs: index * 60_000, summary });
    await store.runs.end(by, id, { result, endedAtMs: index * 60_000 + 500, summary });
  }
}

test('the history of a pipeline is told newest first, with reasons, counts and failures', async () => {
  await using server = await openTestServer();
  await putRuns(server);
  const answer = await server.get('/api/v1/pipelines/stock/runs');
  expect(answer).toMatchObject({ status: 200, body: await server.engine.runs('stock') });
  expect(() => z.fromJSONSchema(runsSchema).parse(answer.body)).not.toThrow();
  const doubled = Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, 2 * value]));
  expect(answer.body).toMatchObject({
    pipeline: 'stock',
    runs: [
      { reason: 'followed', dueAtMs: 120_000, counts: null, failure: { code: 'internal', message: 'why' } },
      { reason: 'scheduled', dueAtMs: 60_000, failure: { code: 'read-only', message: 'why' } },
      { reason: 'asked', dueAtMs: null, result: 'equal', endedAtMs: 500, counts: doubled, failure: null },
    ],
  });
  const limited = await server.get('/api/v1/pipelines/stock/runs?limit=1');
  expect(limited.body).toMatchObject({ runs: [{ reason: 'followed' }] });
});

test.each(['0', '1001', 'x', '1.5'])('a limit of %s is refused', async (limit) => {
  await using server = await openTestServer();
  const answer = await server.get(`/api/v1/pipelines/stock/runs?limit=${limit}`);
  expect(answer).toMatchObject({ status: 400, body: { code: 'usage' } });
});

test('times between runs are measured by the shortest, times between comparisons by the longest', async () => {
  await using server = await openTestServer({ schedule: { cron: '0 3 * * 1-5', timeZone: 'UTC' } });
  const { text } = await server.get('/metrics');
  expect(text).toContain('lockstep_schedule_interval_seconds{pipeline="stock"} 86400');
  expect(text).toContain('lockstep_comparison_interval_seconds{pipeline="stock"} 259200');
  expect(text).not.toContain('lockstep_comparison_interval_seconds{pipeline="shop"}');
});

test('a schedule is told with what is due and what failed in a row, in the status and as metrics', async () => {
  await using server = await openTestServer({ schedule: { every: '1h' } });
  await putRuns(server);
  const { body } = await server.get('/api/v1/pipelines/stock');
  expect(body).toMatchObject({
    scheduled: { text: 'every 1h', failuresInARow: 2 },
    runs: [{ result: 'failed' }, { result: 'failed' }, { result: 'equal' }],
  });
  expect(() => z.fromJSONSchema(statusSchema).parse(body)).not.toThrow();
  const { text } = await server.get('/metrics');
  expect(text).toContain('lockstep_scheduled_failures_in_a_row{pipeline="stock"} 2');
  const [, next] = /lockstep_next_run_timestamp_seconds\{pipeline="stock"\} (\d+)/.exec(text) ?? [];
  expect(Number(next) % 3600).toBe(0);
  expect(Number(next) * 1000).toBeGreaterThan(Date.now());
  expect(server.engine.startedPipelines).toEqual(['shop', 'crm', 'stock']);
});
