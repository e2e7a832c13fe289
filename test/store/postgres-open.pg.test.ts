import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import { leaseOn, pipeline } from '../conformance/control-store/store-under-test.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { startTransactionPooler } from '../support/transaction-pooler.ts';
import { schema } from './postgres-fixture.ts';
import { errorOf } from './sqlite-fixture.ts';
import { runStoreProcess } from './store-process.ts';

const open = (url: string, more: { readonly schema?: string; readonly patienceMs?: number } = {}) =>
  openPostgresStore({ url, schema, patienceMs: 300, ...more });

const tablesIn = async (database: TestDatabase, name: string): Promise<readonly string[]> => {
  const sql = 'SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1';
  return (await database.query<{ tablename: string }>(sql, [name])).rows.map((row) => row.tablename);
};

describe('opening a store in PostgreSQL', () => {
  test('by eight processes at once makes one store', async () => {
    await using database = await createTestDatabase();
    const opened = await Promise.all(Array.from({ length: 8 }, () => runStoreProcess('open', database.url)));
    expect(opened[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(opened).size).toBe(1);
  });

  test('takes any name of a schema, and two schemas are two stores', async () => {
    await using database = await createTestDatabase();
    const odd = `Odd "sch'ema"; --`;
    await using one = await open(database.url, { schema: odd });
    await using other = await open(database.url);
    expect(other.storeId).not.toBe(one.storeId);
    await leaseOn(one);
    expect(await other.leases.get(pipeline)).toBeNull();
    expect((await tablesIn(database, odd)).length).toBeGreaterThan(5);
  });

  test('is stopped by its signal', async () => {
    await using database = await createTestDatabase();
    const signal = AbortSignal.abort(new Error('SIGINT'));
    const opening = openPostgresStore({ url: database.url, schema, signal });
    expect(await errorOf(opening)).toMatchObject({ code: 'interrupted' });
    expect(await tablesIn(database, schema)).toEqual([]);
  });

  test('leaves no session behind when it is closed, or could not be opened', async () => {
    await using database = await createTestDatabase();
    await database.query(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.theirs (a int)`);
    await errorOf(open(database.url));
    await database.query(`DROP TABLE ${schema}.theirs`);
    const store = await open(database.url);
    await Promise.all(Array.from({ length: 9 }, () => store.leases.get(pipeline)));
    await store[Symbol.asyncDispose]();
    const sessions = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'lockstep store'`;
    await expect.poll(async () => (await database.query(sessions)).rowCount).toBe(0);
  });
});

describe('a schema that is no usable store is refused and left as it is', () => {
  test('another application’s', async () => {
    await using database = await createTestDatabase();
    await database.query(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.store (id int)`);
    const error = await errorOf(open(database.url));
    expect(error).toMatchObject({ code: 'store-unusable', class: 'pipeline' });
    expect(error.message).toContain('another application');
    expect(await tablesIn(database, schema)).toEqual(['store']);
  });

  test('a newer version', async () => {
    await using database = await createTestDatabase();
    await (await open(database.url))[Symbol.asyncDispose]();
    await database.query(`UPDATE ${schema}.store SET lockstep_version = 99`);
    const error = await errorOf(open(database.url));
    expect(error).toMatchObject({ code: 'store-unusable', class: 'pipeline' });
    expect(error.message).toContain('a newer Lockstep made it (version 99');
  });
});

describe('rights', () => {
  test('without the right to make a schema nothing is made, and the error says what to grant', async () => {
    await using database = await createTestDatabase();
    const user = await database.createRole();
    const error = await errorOf(open(database.urlFor({ user })));
    expect(error).toMatchObject({ code: 'permission-denied', class: 'pipeline', exit: 'connection' });
    expect(error.cure).toContain('create a schema');
    expect(await tablesIn(database, schema)).toEqual([]);
  });

  test('a schema that was made for the role is enough', async () => {
    await using database = await createTestDatabase();
    const user = await database.createRole();
    await database.query(`CREATE SCHEMA ${schema} AUTHORIZATION "${user}"`);
    await using store = await open(database.urlFor({ user }));
    await leaseOn(store);
  });

  test('who finds the store made needs only the right to use it', async () => {
    await using database = await createTestDatabase();
    await using made = await open(database.url);
    const user = await database.createRole();
    await database.query(`
      GRANT USAGE ON SCHEMA ${schema} TO "${user}";
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO "${user}"`);
    await using store = await open(database.urlFor({ user }));
    expect(store.storeId).toBe(made.storeId);
    const { fence } = await leaseOn(store);
    await store.checkpoints.save({ pipeline, fence }, [{ space: 's', name: 'n', value: 1 }]);
    expect(await store.requests.ask(pipeline, { kind: 'replay', detail: null, askedAtMs: 1 })).toBe(1);
  });

  test('who may only read is told at the first write', async () => {
    await using database = await createTestDatabase();
    await using _made = await open(database.url);
    const user = await database.createRole();
    await database.query(`
      GRANT USAGE ON SCHEMA ${schema} TO "${user}"; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO "${user}"`);
    await using store = await open(database.urlFor({ user }));
    expect(await store.leases.get(pipeline)).toBeNull();
    expect(await errorOf(leaseOn(store))).toMatchObject({ code: 'permission-denied', class: 'pipeline' });
  });
});

describe('a wrong URL', () => {
  const wrong = async (change: (url: URL) => void) => {
    await using database = await createTestDatabase();
    const url = new URL(database.url);
    change(url);
    return await errorOf(open(url.href));
  };

  test('of a database that is not there', async () => {
    const error = await wrong((url) => {
      url.pathname = '/not_there';
    });
    expect(error).toMatchObject({ code: 'database-unknown', class: 'pipeline', exit: 'connection' });
  });

  test('of a user who is not there, and the password is not shown', async () => {
    const error = await wrong((url) => {
      url.username = 'nobody_here';
      url.password = 'planted-canary';
    });
    expect(error).toMatchObject({ code: 'authentication-failed', class: 'pipeline' });
    expect(`${error.message} ${error.cure} ${String(error.cause)}`).not.toContain('canary');
  });

  test('where nothing listens, or no such host is', async () => {
    for (const host of ['127.0.0.1:1', 'no-such-host.invalid']) {
      const error = await wrong((url) => {
        url.port = '';
        url.host = host;
      });
      expect(error).toMatchObject({ code: 'store-unreachable', class: 'transient', exit: 'connection' });
    }
  });

  test('of a server that offers no TLS where it is asked for', async () => {
    const error = await wrong((url) => url.searchParams.set('sslmode', 'verify-full'));
    expect(error).toMatchObject({ code: 'tls-failed', class: 'pipeline' });
  });
});

describe('a connection pooler in front of the store', () => {
  const settingsSeen = async (url: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    // A transaction, so that whichever session of the pool is free answers.
    await client.query('BEGIN');
    const { rows } = await client.query('SHOW search_path');
    await client.end();
    return rows;
  };

  test.each(['newest', 'oldest'] as const)(
    'is refused when it shares sessions (%s first), and whoever shares them gets none of our settings',
    async (takes) => {
      await using database = await createTestDatabase();
      await using pooler = await startTransactionPooler(database.url, { takes });
      expect(await errorOf(open(pooler.url))).toMatchObject({
        code: 'postgres-pooled',
        exitCode: 3,
        message: expect.stringMatching(/one server process answers two|several server processes answer one/),
        cure: expect.stringMatching(/pool_mode = session/),
      });
      expect(await tablesIn(database, schema)).toEqual([]);
      for (let session = 0; session < 3; session += 1)
        expect(await settingsSeen(pooler.url)).toEqual([{ search_path: '"$user", public' }]);
    },
  );

  test('is as good as the server itself when it hands out whole sessions', async () => {
    await using database = await createTestDatabase();
    await using pooler = await startTransactionPooler(database.url, { mode: 'session' });
    await using store = await open(pooler.url);
    const { fence } = await leaseOn(store);
    await store.checkpoints.save({ pipeline, fence }, [{ space: 'pass', name: 'it', value: 1 }]);
    await using direct = await open(database.url);
    expect(await direct.checkpoints.get(pipeline, 'pass', 'it')).toBe(1);
  });
});

test('a store of the first version has its connections made, and keeps what it had', async () => {
  await using database = await createTestDatabase();
  const before = await open(database.url);
  const { fence } = await leaseOn(before);
  await before.checkpoints.save({ pipeline, fence }, [{ space: 'pass', name: 'it', value: 1 }]);
  await before[Symbol.asyncDispose]();
  await database.query(`DROP TABLE ${schema}.connections; UPDATE ${schema}.store SET lockstep_version = 1`);
  await using store = await open(database.url);
  expect(await store.connections.list()).toEqual([]);
  expect(await store.checkpoints.get(pipeline, 'pass', 'it')).toBe(1);
  expect(store.storeId).toBe(before.storeId);
});
