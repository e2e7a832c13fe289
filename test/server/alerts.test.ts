import { expect, test } from 'vitest';
import { z } from 'zod';
import { alertsSchema, testedSchema } from '../../src/server/routes/alerts-schema.ts';
import { alertsKey } from '../../src/service/alerts/alert-memory.ts';
import { openTestServer, type TestServer } from './server-fixture.ts';

/** As a process that watches `shop` would have left it. */
async function fire({ store }: TestServer): Promise<void> {
  const key = alertsKey('shop');
  const lease = await store.leases.acquire({ pipeline: key, owner: 'node-a', durationMs: 60_000 });
  const value = { kind: 'firing', sinceMs: 1, firedAtMs: 2, text: 'it is late' };
  await store.checkpoints.save({ pipeline: key, fence: lease?.fence ?? 0 }, [
    { space: 'alerts', name: 'lag', value },
    { space: 'alerts', name: 'of another version', value },
    { space: 'alerts', name: 'drift', value: { kind: 'new' } },
  ]);
}

test('alerts are told, in a schema that the description has', async () => {
  await using server = await openTestServer();
  await fire(server);
  const { status, body } = await server.get('/api/v1/alerts');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    pipelines: [
      {
        pipeline: 'shop',
        alerts: [
          {
            alert: 'lag',
            state: 'firing',
            severity: 'warning',
            text: 'it is late',
            runbook: expect.stringMatching(/#lag$/),
          },
        ],
        waiting: [],
      },
      { pipeline: 'crm', alerts: [] },
      { pipeline: 'stock', alerts: [] },
    ],
  });
  expect(() => z.fromJSONSchema(alertsSchema).parse(body)).not.toThrow();
  const one = await server.get('/api/v1/pipelines/shop');
  expect(one.body).toMatchObject({ alerts: [{ alert: 'lag' }] });
  expect((await server.get('/metrics')).text).toContain(
    'lockstep_alerts{pipeline="shop",alert="lag",severity="warning",state="firing"} 1',
  );
});

test('a test is asked for by a program, not by a page of another origin in a browser', async () => {
  await using server = await openTestServer();
  expect(await server.post('/api/v1/alerts/test', { origin: 'https://evil.example' })).toMatchObject({
    status: 403,
    body: { code: 'http-origin-refused' },
  });
  expect(await server.get('/api/v1/alerts/test')).toMatchObject({ status: 404 });
  expect(await server.post('/api/v1/alerts/test')).toMatchObject({
    status: 400,
    body: { code: 'alert-targets-missing' },
  });
  expect(() => z.fromJSONSchema(testedSchema).parse({ targets: [] })).not.toThrow();
});

test('deliveries are counted by what came of them', async () => {
  await using server = await openTestServer();
  const common = { pipeline: 'shop', target: 'pager', alert: 'lag', state: 'firing', attempt: 1 } as const;
  server.events.emit('alert.delivered', common);
  server.events.emit('alert.undelivered', { ...common, detail: 'd', delayMs: 5 });
  server.events.emit('alert.undelivered', { ...common, detail: 'd', delayMs: null });
  const { text } = await server.get('/metrics');
  for (const result of ['delivered', 'failed', 'refused'])
    expect(text).toContain(`lockstep_alert_deliveries_total{target="pager",result="${result}"} 1`);
});

test('what an operator needs beside that is measured', async () => {
  await using server = await openTestServer();
  const { store, events } = server;
  const lease = await store.leases.acquire({ pipeline: 'shop', owner: 'node-a', durationMs: 60_000 });
  const by = { pipeline: 'shop', fence: lease?.fence ?? 0 };
  const now = Date.now();
  const comparison = {
    watchedSinceMs: 1,
    provenAtMs: 5_000,
    last: { startedAtMs: 5_000, endedAtMs: 7_000, drifted: 3 },
    underWaySinceMs: null,
  };
  await store.checkpoints.save(by, [
    {
      space: 'live',
      name: 'status',
      value: {
        status: 'degraded',
        reason: 'r',
        nextStep: 'n',
        sinceMs: now,
        savedAtMs: now,
        away: [{ side: 'source', sinceMs: now - 60_000, reason: 'gone' }],
        comparison,
      },
    },
  ]);
  const keys = async function* () {
    yield ['["1"]'];
  };
  const guard = { collection: 'orders', leaving: 1, total: 2, samples: [], raisedAtMs: now - 90_000 };
  await store.guards.raise(by, guard, keys());
  events.emit('retry', {
    pipeline: 'shop',
    what: 'w',
    code: 'connection-lost',
    message: 'm',
    attempt: 1,
    delayMs: 5,
  });
  events.emit('lag', {
    pipeline: 'shop',
    lag: { kind: 'inStep' },
    retained: { bytes: 1, limitBytes: 2, reachesBackMs: null, waitingFor: [] },
    forgetsInMs: 90_000,
  });
  const { text } = await server.get('/metrics');
  const sample = (name: string): number =>
    Number(new RegExp(`^${name}\\{pipeline="shop"\\} (.*)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  expect(sample('lockstep_disconnected_seconds')).toBeGreaterThanOrEqual(60);
  expect(sample('lockstep_guard_waiting_seconds')).toBeGreaterThanOrEqual(90);
  expect(sample('lockstep_consecutive_failures')).toBe(1);
  expect(sample('lockstep_source_forgets_seconds')).toBe(90);
  expect(sample('lockstep_proven_equal_timestamp_seconds')).toBe(5);
  expect(sample('lockstep_drifted_rows')).toBe(3);
  expect(sample('lockstep_schedule_interval_seconds')).toBeNaN();
  expect(text).toContain('lockstep_disconnected_seconds{pipeline="crm"} 0');
});
