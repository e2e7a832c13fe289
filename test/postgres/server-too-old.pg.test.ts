import { expect, test } from 'vitest';
import { versionFinding } from '../../src/connectors/postgres/check/check-source.ts';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { type OlderServer, startOlderServer } from './older-server.ts';
import { never, poolFor } from './support.ts';

test.each(['source', 'destination'] as const)('`check` wants PostgreSQL 15 at a %s', (subject) => {
  const found = (serverVersion: number) => versionFinding({ serverVersion }, 'db:5432/shop', subject);
  for (const version of [150_000, 150_014, 180_001]) expect(found(version)).toBe(null);
  expect(found(149_999)).toMatchObject({ level: 'error', code: 'server-too-old', subject });
  expect(found(140_020)?.message).toBe('db:5432/shop runs PostgreSQL 14; at least PostgreSQL 15 is needed');
});

/** The test server, with another number in the place of its own. */
async function saying(db: TestDatabase, says: string): Promise<OlderServer> {
  const { rows } = await db.query<{ is: string }>(`SELECT current_setting('server_version_num') AS is`);
  return await startOlderServer(db.url, { is: rows[0]?.is ?? '', says });
}

test('sessions with an older server are refused', async () => {
  await using db = await createTestDatabase();
  await using older = await saying(db, '149999');
  await expect(poolFor(older.url(db.url)).open({ signal: never })).rejects.toMatchObject({
    code: 'server-too-old',
    exit: 'connection',
  });
  await using oldest = await saying(db, '150000');
  await using session = await poolFor(oldest.url(db.url)).open({ signal: never });
  expect(session.serverVersion).toBe(150_000);
});

test('a control store at an older server is refused, and nothing is made there', async () => {
  await using db = await createTestDatabase();
  await using older = await saying(db, '149999');
  const schema = 'lockstep_control';
  await expect(openPostgresStore({ url: older.url(db.url), schema })).rejects.toMatchObject({
    code: 'server-too-old',
  });
  const { rows } = await db.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  expect(rows).toEqual([]);
  await using oldest = await saying(db, '150000');
  await using store = await openPostgresStore({ url: oldest.url(db.url), schema });
  expect(store.isShared).toBe(true);
});
