import { describe, expect, test } from 'vitest';
import { createTestDatabase } from './postgres.ts';

describe.each([17, 18] as const)('a test database on PostgreSQL %i', (version) => {
  test('is of that version, empty, and ready for logical replication', async () => {
    await using db = await createTestDatabase({ version });
    const found = await db.query<{ server_version: string }>('SHOW server_version');
    expect(found.rows[0]?.server_version).toMatch(new RegExp(`^${version}\\.`));
    const tables = await db.query(`SELECT 1 FROM pg_tables WHERE schemaname = 'public'`);
    expect(tables.rowCount).toBe(0);
    const level = await db.query<{ wal_level: string }>('SHOW wal_level');
    expect(level.rows[0]?.wal_level).toBe('logical');
  });

  test('compares text as the locale asks', async () => {
    await using db = await createTestDatabase({ version, locale: { provider: 'icu', name: 'de' } });
    const found = await db.query<{ order: string[] }>(
      `SELECT array_agg(x ORDER BY x) AS order FROM unnest(array['z', 'ä', 'a', 'B']) x`,
    );
    expect(found.rows[0]?.order).toEqual(['a', 'ä', 'B', 'z']);
  });

  test('is dropped with its slots, prepared transactions and roles, also while sessions are open', async () => {
    let serverUrl: string;
    let name: string;
    {
      await using db = await createTestDatabase({ version });
      ({ serverUrl, name } = db);
      await db.query('CREATE TABLE t (id int PRIMARY KEY)');
      await db.query(`SELECT pg_create_logical_replication_slot('left_over_' || $1, 'pgoutput')`, [
        name.slice(-12),
      ]);
      await db.query('BEGIN; INSERT INTO t VALUES (1)');
      const other = await db.connect();
      await other.query(`BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION '${name}'`);
      const role = await db.createRole({ password: 'a secret' });
      await db.query('ROLLBACK');
      await db.query(`GRANT SELECT ON t TO ${role}`);
      const stranger = await db.connect({
        connectionString: db.urlFor({ user: role, password: 'a secret' }),
      });
      expect((await stranger.query('SELECT * FROM t')).rowCount).toBe(0);
      await expect(
        db.connect({ connectionString: db.urlFor({ user: role, password: 'wrong' }) }),
      ).rejects.toThrow(/password authentication failed/);
    }
    await using witness = await createTestDatabase({ version });
    expect(witness.serverUrl).toBe(serverUrl);
    const databases = await witness.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    expect(databases.rowCount).toBe(0);
  });

  test('can be a copy of another', async () => {
    await using original = await createTestDatabase({ version });
    const client = await original.connect();
    await client.query('CREATE TABLE t AS SELECT 42 AS answer');
    await client.end();
    await using copy = await createTestDatabase({ version, template: original });
    expect((await copy.query('SELECT answer FROM t')).rows).toEqual([{ answer: 42 }]);
  });
});
