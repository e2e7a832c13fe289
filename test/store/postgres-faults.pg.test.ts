import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import { durationMs, leaseOn, pipeline } from '../conformance/control-store/store-under-test.ts';
import { type OwnServer, startOwnServer } from '../faults/support/own-server.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openStoreUnderTest, schema } from './postgres-fixture.ts';
import { errorOf } from './sqlite-fixture.ts';

const entry = (value: number | string) => [{ space: 's', name: 'n', value }];
const letter = {
  collection: 'users',
  key: '["1"]',
  code: 'value-refused',
  message: 'm',
  failedAtMs: 1,
} as const;

const endSessions = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'lockstep store'`;

describe('a server of its own', () => {
  let own: OwnServer;
  beforeAll(async () => {
    own = await startOwnServer({ version: 18, durable: true });
  });
  afterAll(async () => own?.[Symbol.asyncDispose]());

  test.each([
    ['is restarted', async () => own.server.restart()],
    ['crashes', async () => own.server.kill().then(() => own.server.start())],
  ])(
    '%s between two calls: nothing that was acknowledged is lost, and nobody notices',
    async (how, strike) => {
      await using store = await openPostgresStore({ url: own.url, schema: `control ${how}` });
      const { fence } = await leaseOn(store);
      await store.checkpoints.save({ pipeline, fence }, entry('before'));
      await strike();
      expect(await store.checkpoints.get(pipeline, 's', 'n')).toBe('before');
      await store.checkpoints.save({ pipeline, fence }, entry('after'));
      expect(await store.checkpoints.get(pipeline, 's', 'n')).toBe('after');
    },
  );

  test('is restarted while many write: each write happens once', { timeout: 60_000 }, async () => {
    await using store = await openPostgresStore({ url: own.url, schema: 'restarted' });
    const asking = Array.from({ length: 60 }, (_, n) =>
      store.requests.ask(pipeline, { kind: 'replay', detail: n, askedAtMs: n }),
    );
    await own.server.restart({ mode: 'immediate' });
    const ids = await Promise.all(asking);
    const open = await store.requests.open(pipeline);
    expect(open.map(({ id }) => id)).toEqual(ids.toSorted((a, b) => a - b));
    expect(new Set(open.map(({ detail }) => detail)).size).toBe(60);
  });

  test('is away for longer than anybody waits: `store-unreachable`, and then it goes on', {
    timeout: 60_000,
  }, async () => {
    await using store = await openPostgresStore({ url: own.url, schema: 'away', patienceMs: 200 });
    const { fence } = await leaseOn(store);
    await own.server.stop();
    const calls = [
      () => store.checkpoints.save({ pipeline, fence }, entry(1)),
      () => store.leases.acquire({ pipeline, owner: 'node-b', durationMs }),
      () => store.requests.open(pipeline),
    ];
    for (const call of calls)
      expect(await errorOf(call())).toMatchObject({ code: 'store-unreachable', class: 'transient' });
    await own.server.start();
    await store.checkpoints.save({ pipeline, fence }, entry(2));
  });
});

describe('a connection that is cut', () => {
  test('anywhere, also where an answer to a commit is lost: each write happens once', {
    timeout: 60_000,
  }, async () => {
    await using database = await createTestDatabase();
    await using proxy = await startFaultProxy(database.url);
    await using store = await openPostgresStore({ url: proxy.url(database.url), schema });
    const { fence } = await leaseOn(store);
    const attempts = 40;
    for (let n = 0; n < attempts; n += 1) {
      // From the answer to BEGIN to beyond the end, in steps that hit each of them.
      void proxy.cutAfter(1 + n * 9, { direction: 'toClient', how: n % 2 === 0 ? 'fin' : 'rst' });
      await store.requests.ask(pipeline, { kind: 'replay', detail: n, askedAtMs: n });
      await store.deadLetters.put({ pipeline, fence }, [letter], 10);
      await proxy.heal();
    }
    const open = await store.requests.open(pipeline);
    expect(open.map(({ detail }) => detail)).toEqual(Array.from({ length: attempts }, (_, n) => n));
    const [found] = await store.deadLetters.list(pipeline, { limit: 2 });
    expect(found?.attempts).toBe(attempts);
  });

  test('a network that swallows everything: told as unreachable, and it goes on when it is back', {
    timeout: 60_000,
  }, async () => {
    await using database = await createTestDatabase();
    await using proxy = await startFaultProxy(database.url);
    await using store = await openPostgresStore({ url: proxy.url(database.url), schema, patienceMs: 500 });
    const lease = await leaseOn(store);
    proxy.halfOpen();
    expect(await errorOf(store.leases.renew(lease, durationMs))).toMatchObject({ code: 'store-unreachable' });
    await proxy.heal();
    expect(await store.leases.renew(lease, durationMs)).toMatchObject({ fence: lease.fence });
  });

  test('by an administrator, while the sessions are idle: nobody notices', async () => {
    await using under = await openStoreUnderTest();
    const { fence } = await leaseOn(under.store);
    await Promise.all(Array.from({ length: 5 }, () => under.store.requests.open(pipeline)));
    await under.database.query(endSessions);
    await under.store.checkpoints.save({ pipeline, fence }, entry(1));
    await under.database.query(endSessions);
    expect(await under.store.checkpoints.get(pipeline, 's', 'n')).toBe(1);
  });
});

test('a server that takes no writes for a while is told as such, and is no end of anything', async () => {
  await using database = await createTestDatabase();
  await using store = await openPostgresStore({ url: database.url, schema, patienceMs: 200 });
  const readOnly = (value: string) =>
    `ALTER DATABASE "${database.name}" SET default_transaction_read_only = ${value}`;
  await database.query(readOnly('on'));
  await database.query(endSessions);
  const error = await errorOf(leaseOn(store));
  expect(error).toMatchObject({ code: 'store-unreachable', class: 'transient' });
  expect(error.message).toContain('takes no writes');
  await database.query(`SET transaction_read_only = off; ${readOnly('off')}`);
  await leaseOn(store);
});

describe('a store that is lost or replaced', () => {
  test('dropped while it is open: `store-unusable`; opened anew it is another store', async () => {
    await using under = await openStoreUnderTest();
    const { fence } = await leaseOn(under.store);
    await under.database.query(`DROP SCHEMA ${schema} CASCADE`);
    const save = under.store.checkpoints.save({ pipeline, fence }, entry(1));
    expect(await errorOf(save)).toMatchObject({ code: 'store-unusable', class: 'pipeline' });
    expect(await errorOf(under.store.requests.open(pipeline))).toMatchObject({ code: 'store-unusable' });
    expect((await under.reopen()).storeId).not.toBe(under.store.storeId);
  });

  test('an older copy from before the lease, put in its place while it is open: the fence is lower, writes are refused', async () => {
    await using under = await openStoreUnderTest();
    await leaseOn(under.store);
    await under.database.query(`CREATE TABLE older AS TABLE ${schema}.leases`);
    const { fence } = await leaseOn(under.store);
    await under.database.query(
      `BEGIN; DELETE FROM ${schema}.leases; INSERT INTO ${schema}.leases TABLE older; COMMIT`,
    );
    const save = under.store.checkpoints.save({ pipeline, fence }, entry('late'));
    expect(await errorOf(save)).toMatchObject({ code: 'fence-lost' });
  });

  test('restored while nobody runs: the same id, and a fence below what the destination saw until `atLeast` lifts it', async () => {
    await using original = await createTestDatabase();
    const first = await openPostgresStore({ url: original.url, schema });
    await leaseOn(first);
    const { storeId } = first;
    await first[Symbol.asyncDispose]();
    await using copy = await createTestDatabase({ template: original });
    await using later = await openPostgresStore({ url: original.url, schema });
    const seen = (await leaseOn(later)).fence;
    await using restored = await openPostgresStore({ url: copy.url, schema });
    expect(restored.storeId).toBe(storeId);
    expect((await restored.leases.get(pipeline))?.fence).toBeLessThan(seen);
    const lifted = await restored.leases.acquire({ pipeline, owner: 'node-a', durationMs, atLeast: seen });
    expect(lifted?.fence).toBe(seen + 1);
  });

  test('closed: says so', async () => {
    await using under = await openStoreUnderTest();
    await under.store[Symbol.asyncDispose]();
    expect((await errorOf(under.store.leases.get(pipeline))).message).toContain('it was closed');
  });
});
