import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { EventMap } from '../../src/protocol/events.ts';
import type { Lag } from '../../src/protocol/status.ts';
import { openTestServer, type TestServer } from './server-fixture.ts';

const pipeline = 'shop';
const window = (more: Partial<EventMap['window.applied']> = {}): EventMap['window.applied'] => ({
  pipeline,
  shard: 'main',
  changes: 10,
  keys: 7,
  touches: 2,
  inserted: 3,
  updated: 2,
  left: 1,
  unchanged: 1,
  bytes: 500,
  milliseconds: 4,
  committedAtMs: Date.now() - 20,
  torn: false,
  ...more,
});

/** The value of a sample; undefined: there is none. */
async function sample(server: TestServer, name: string): Promise<number | undefined> {
  const { text } = await server.get('/metrics');
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

test('windows are counted and timed', async () => {
  await using server = await openTestServer();
  server.events.emit('window.applied', window());
  server.events.emit('window.applied', window({ torn: true, committedAtMs: null, milliseconds: 2000 }));
  const { headers } = await server.get('/metrics');
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  const values = {
    'lockstep_changes_total{pipeline="shop"}': 20,
    'lockstep_keys_total{pipeline="shop"}': 14,
    'lockstep_touches_total{pipeline="shop"}': 4,
    'lockstep_written_total{pipeline="shop",kind="inserted"}': 6,
    'lockstep_written_total{pipeline="shop",kind="left"}': 2,
    'lockstep_windows_total{pipeline="shop",torn="true"}': 1,
    'lockstep_window_seconds_bucket{le="0.005",pipeline="shop"}': 1,
    'lockstep_window_seconds_bucket{le="2.5",pipeline="shop"}': 2,
    'lockstep_commit_to_durable_seconds_count{pipeline="shop"}': 1,
    'lockstep_commit_to_durable_seconds_bucket{le="0.01",pipeline="shop"}': 0,
  };
  for (const [name, value] of Object.entries(values)) expect(await sample(server, name), name).toBe(value);
});

test('a lag that is unknown has no sample', async () => {
  await using server = await openTestServer();
  const after = async (lag: Lag, bytes: number | null) => {
    const retained = { bytes, limitBytes: null, reachesBackMs: null, waitingFor: ['process 1'] };
    server.events.emit('lag', { pipeline, lag, retained, forgetsInMs: null });
    return [
      await sample(server, 'lockstep_lag_seconds{pipeline="shop"}'),
      await sample(server, 'lockstep_lag_known{pipeline="shop"}'),
      await sample(server, 'lockstep_retained_bytes{pipeline="shop"}'),
      await sample(server, 'lockstep_waiting_for{pipeline="shop"}'),
    ];
  };
  expect(await sample(server, 'lockstep_lag_known{pipeline="crm"}')).toBe(0);
  expect(await after({ kind: 'behind', milliseconds: 1500 }, 4096)).toEqual([1.5, 1, 4096, 1]);
  expect(await after({ kind: 'unknown', atLeastMs: 9000 }, null)).toEqual([undefined, 0, undefined, 1]);
  expect(await after({ kind: 'inStep' }, 0)).toEqual([0, 1, 0, 1]);
});

test('trouble is counted by code', async () => {
  await using server = await openTestServer();
  const code = 'connection-lost';
  const breaker = 'lockstep_breaker_open{pipeline="shop"}';
  expect(await sample(server, breaker)).toBe(0);
  server.events.emit('retry', { pipeline, what: 'w', code, message: 'm', attempt: 1, delayMs: 5 });
  server.events.emit('breaker.opened', { pipeline, code, message: 'm', pauseMs: 5 });
  server.events.emit('gap', {
    pipeline,
    gap: { shard: 'main', from: null, to: null, reason: 'r' },
    collections: null,
  });
  server.events.emit('barrier', {
    pipeline,
    collections: ['orders'],
    event: { kind: 'truncate', source: 'orders', detail: '' },
  });
  expect(await sample(server, breaker)).toBe(1);
  expect(await sample(server, 'lockstep_retries_total{pipeline="shop",code="connection-lost"}')).toBe(1);
  expect(await sample(server, 'lockstep_gaps_total{pipeline="shop"}')).toBe(1);
  expect(await sample(server, 'lockstep_barriers_total{pipeline="shop",kind="truncate"}')).toBe(1);
  server.events.emit('breaker.closed', { pipeline });
  expect(await sample(server, breaker)).toBe(0);
});

test('letters, requests and statuses are those of the control store', async () => {
  await using server = await openTestServer();
  const { store } = server;
  const lease = await store.leases.acquire({ pipeline, owner: 'node-a', durationMs: 60_000 });
  const by = { pipeline, fence: lease?.fence ?? 0 };
  const letter = { collection: 'orders', code: 'value-refused' as const, message: 'm', failedAtMs: 1 };
  const deferred = { ...letter, key: '["3"]', state: 'deferred' as const };
  await store.deadLetters.put(by, [{ ...letter, key: '["1"]' }, { ...letter, key: '["2"]' }, deferred], 10);
  await store.requests.ask(pipeline, { kind: 'replay', detail: null, askedAtMs: 1 });
  const parked = 'lockstep_dead_letters{pipeline="shop",collection="orders",state="parked"}';
  expect(await sample(server, parked)).toBe(2);
  expect(
    await sample(server, 'lockstep_dead_letters{pipeline="shop",collection="orders",state="deferred"}'),
  ).toBe(1);
  expect(await sample(server, 'lockstep_requests{pipeline="shop",state="waiting"}')).toBe(1);
  expect(await sample(server, 'lockstep_status{pipeline="shop",status="starting"}')).toBe(1);
  await store.deadLetters.resolve(by, 'orders', ['["1"]', '["2"]', '["3"]']);
  expect(await sample(server, parked)).toBeUndefined();
});

test('connections are those of the side that was told last', async () => {
  await using server = await openTestServer();
  const gauge = 'lockstep_connections{pipeline="shop",side="source"}';
  expect(await sample(server, gauge)).toBeUndefined();
  server.events.emit('connections', { pipeline, side: 'source', open: 7, inUse: 4 });
  server.events.emit('connections', { pipeline, side: 'destination', open: 5, inUse: 1 });
  expect(await sample(server, gauge)).toBe(7);
  expect(await sample(server, 'lockstep_connections_in_use{pipeline="shop",side="source"}')).toBe(4);
  expect(await sample(server, 'lockstep_connections{pipeline="shop",side="destination"}')).toBe(5);
});

test('our own process is measured', async () => {
  await using server = await openTestServer();
  expect(await sample(server, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  expect(await sample(server, 'process_cpu_seconds_total')).toBeGreaterThan(0);
  expect(await sample(server, 'lockstep_event_loop_delay_p99_seconds')).toBeGreaterThanOrEqual(0);
});

test('when the control store can’t be read, that is told, and so is everything else', async () => {
  await using server = await openTestServer();
  server.events.emit('window.applied', window());
  expect(await sample(server, 'lockstep_control_store_readable')).toBe(1);
  rmSync(server.storeFile);
  expect(await sample(server, 'lockstep_control_store_readable')).toBe(0);
  expect(await sample(server, 'lockstep_changes_total{pipeline="shop"}')).toBe(10);
  expect(await sample(server, 'lockstep_status{pipeline="shop",status="stopped"}')).toBeUndefined();
  expect(await server.get('/api/v1/pipelines')).toMatchObject({
    status: 500,
    body: { code: 'store-unusable', title: expect.stringMatching(/removed or replaced/) },
  });
});
