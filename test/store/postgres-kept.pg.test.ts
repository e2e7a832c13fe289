import { describe, expect, test } from 'vitest';
import { readAddress } from '../../src/store/postgres/address.ts';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import { StoreSession } from '../../src/store/postgres/session.ts';
import { beginWrite } from '../../src/store/postgres/write.sql.ts';
import { durationMs, leaseOn, pagesOf, pipeline } from '../conformance/control-store/store-under-test.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openStoreUnderTest, schema } from './postgres-fixture.ts';
import { errorOf } from './sqlite-fixture.ts';

const openSession = (url: string): Promise<StoreSession> =>
  StoreSession.open({ address: readAddress(url), connectTimeoutMs: 5_000, statementTimeoutMs: 5_000 });

describe('what others say does not count', () => {
  test('a database that does not wait for its disk waits for it in our transactions', async () => {
    await using database = await createTestDatabase();
    await database.query(`ALTER DATABASE "${database.name}" SET synchronous_commit = off`);
    const session = await openSession(database.url);
    await session.execute('SET synchronous_commit = off');
    await session.execute(beginWrite);
    const { rows } = await session.query(`SELECT current_setting('synchronous_commit') AS value`);
    expect(rows).toEqual([{ value: 'on' }]);
    await session.close();
  });

  test('a search path of others finds none of their tables', async () => {
    await using database = await createTestDatabase();
    await database.query(`
      CREATE SCHEMA theirs; CREATE TABLE theirs.leases (pipeline text);
      ALTER DATABASE "${database.name}" SET search_path = theirs`);
    await using store = await openPostgresStore({ url: database.url, schema });
    await leaseOn(store);
    expect((await database.query('SELECT FROM theirs.leases')).rowCount).toBe(0);
  });
});

describe('who stopped in the middle of a transaction', () => {
  test('keeps nobody from taking its lease for longer than a moment', { timeout: 30_000 }, async () => {
    await using under = await openStoreUnderTest();
    await leaseOn(under.store, 'node-a');
    const stopped = await openSession(under.database.url);
    await stopped.execute(beginWrite);
    await stopped.query(`SELECT FROM ${schema}.leases WHERE pipeline = $1 FOR NO KEY UPDATE`, [pipeline]);
    await under.passTime(durationMs + 1).catch(() => undefined);
    const taken = await under.store.leases.acquire({ pipeline, owner: 'node-b', durationMs });
    expect(taken?.owner).toBe('node-b');
    expect(await errorOf(stopped.execute('COMMIT'))).toMatchObject({ code: 'store-unreachable' });
    stopped.destroy();
  });

  test('does not keep the owner’s lease from being seen as held', async () => {
    await using under = await openStoreUnderTest();
    await leaseOn(under.store, 'node-a');
    const writing = await openSession(under.database.url);
    await writing.execute(beginWrite);
    await writing.query(`SELECT FROM ${schema}.leases WHERE pipeline = $1 FOR NO KEY UPDATE`, [pipeline]);
    expect(await under.store.leases.acquire({ pipeline, owner: 'node-b', durationMs })).toBeNull();
    await writing.execute('COMMIT');
    await writing.close();
  });
});

describe('a clock that jumps', () => {
  test('back: a dead owner’s lease lasts at most one duration longer', async () => {
    await using under = await openStoreUnderTest();
    await leaseOn(under.store, 'node-a');
    await under.passTime(-3_600_000);
    const asked = { pipeline, owner: 'node-b', durationMs };
    expect(await under.store.leases.acquire(asked)).toBeNull();
    await under.passTime(durationMs + 1);
    expect(await under.store.leases.acquire(asked)).not.toBeNull();
  });
});

describe('what is kept', () => {
  test('a fence beyond the integers that can be told apart is refused', async () => {
    await using under = await openStoreUnderTest();
    const request = { pipeline, owner: 'node-a', durationMs, atLeast: Number.MAX_SAFE_INTEGER };
    await expect(under.store.leases.acquire(request)).rejects.toThrow('told apart');
    expect(await under.store.leases.get(pipeline)).toBeNull();
    const below = await under.store.leases.acquire({ ...request, atLeast: Number.MAX_SAFE_INTEGER - 1 });
    expect(below?.fence).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('of sentences for people all but what no text of PostgreSQL holds', async () => {
    await using under = await openStoreUnderTest();
    const { fence } = await leaseOn(under.store);
    await under.store.requests.setPaused(pipeline, { sinceMs: 1, reason: 'a\0b' });
    expect((await under.store.requests.paused(pipeline))?.reason).toBe('ab');
    const letter = {
      collection: 'c',
      key: 'k',
      code: 'value-refused',
      message: '\0m',
      failedAtMs: 1,
    } as const;
    await under.store.deadLetters.put({ pipeline, fence }, [letter], 10);
    expect(await under.store.deadLetters.list(pipeline, { limit: 1 })).toMatchObject([{ message: 'm' }]);
    const value = { text: 'a\0b\ud800' };
    await under.store.checkpoints.save({ pipeline, fence }, [{ space: 's', name: 'n', value }]);
    expect(await under.store.checkpoints.get(pipeline, 's', 'n')).toEqual(value);
  });

  test('the newest 1,000 runs of a pipeline', async () => {
    await using under = await openStoreUnderTest();
    const { fence } = await leaseOn(under.store);
    await under.database.query(`
      INSERT INTO ${schema}.runs (pipeline, kind, started_at_ms, result, summary)
      SELECT '${pipeline}', 'run', i, 'equal', 'null' FROM generate_series(1, 1100) AS i`);
    const id = await under.store.runs.begin({ pipeline, fence }, { kind: 'run', startedAtMs: 5000 });
    const kept = await under.store.runs.list(pipeline, 5000);
    expect(kept).toHaveLength(1000);
    expect(kept[0]?.id).toBe(id);
  });

  test('of what transactions left to be found again, the last minutes', async () => {
    await using under = await openStoreUnderTest();
    const { fence } = await leaseOn(under.store);
    const { database, store } = under;
    await database.query(`
      INSERT INTO ${schema}.writes SELECT gen_random_uuid(), now() - interval '1 hour' FROM generate_series(1, 60)`);
    for (let n = 0; n < 40; n += 1)
      await store.checkpoints.save({ pipeline, fence }, [{ space: 's', name: 'n', value: n }]);
    const { rows } = await database.query<{ count: string }>(`SELECT count(*) FROM ${schema}.writes`);
    expect(Number(rows[0]?.count)).toBe(40);
  });

  test('of a guard that is gone, nothing, however many keys it had', async () => {
    await using under = await openStoreUnderTest();
    const { database, store } = under;
    const { fence } = await leaseOn(store);
    const by = { pipeline, fence };
    const guard = { collection: 'users', leaving: 1, total: 2, samples: [], raisedAtMs: 1 };
    const keys = Array.from({ length: 12_000 }, (_, n) => `["${n}"]`);
    await store.guards.raise(by, guard, pagesOf(keys));
    await store.guards.raise(by, { ...guard, raisedAtMs: 2 }, pagesOf(['a']));
    await store.guards.clear(by, 'users');
    await store.guards.raise(by, guard, pagesOf(['b']));
    await store.removePipeline(by);
    for (const table of ['guards', 'guard_keys'])
      expect((await database.query(`SELECT FROM ${schema}.${table}`)).rowCount).toBe(0);
  });
});
