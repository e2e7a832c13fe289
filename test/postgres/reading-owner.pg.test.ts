import { expect, test } from 'vitest';
import type { PostgresReader } from '../../src/connectors/postgres/reader/postgres-reader.ts';
import type { ReadSnapshot } from '../../src/protocol/reader.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { never, readerFor } from './support.ts';

const leaseOf = (fence: number, stateId = 'a') => ({
  lease: { pipeline: 'a-pipeline-whose-name-is-longer-than-what-fits', fence },
  stateId,
  signal: never,
});

/** It reads under the lease, and its moment is held open. */
async function openMoment(reader: PostgresReader, fence: number, stateId?: string): Promise<ReadSnapshot> {
  await reader.takeOver(leaseOf(fence, stateId));
  return await reader.snapshot({ signal: never });
}

const openTransactions = async (db: TestDatabase): Promise<number> => {
  const { rows } = await db.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity
     WHERE datname = current_database() AND state = 'idle in transaction' AND application_name LIKE 'lockstep %'`,
  );
  return rows[0]?.n ?? 0;
};

test('a newer owner ends the moment of an older one, which then is lost and not mixed with another', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE t (id int PRIMARY KEY)');
  await using older = readerFor(db.url);
  await using newer = readerFor(db.url);
  await using moment = await openMoment(older, 9);
  expect(await openTransactions(db)).toBe(1);
  await newer.takeOver(leaseOf(10));
  await expect.poll(() => openTransactions(db)).toBe(0);
  const cutting = async () => {
    for await (const _ of moment.partitions('t', {
      targetRows: 10,
      selection: { columns: [], filter: null },
      signal: never,
    }));
  };
  await expect(cutting()).rejects.toMatchObject({ code: 'snapshot-lost', class: 'transient' });
});

test('an older owner, the same one, and one of another destination end nothing', async () => {
  await using db = await createTestDatabase();
  await using owner = readerFor(db.url);
  await using other = readerFor(db.url);
  await using _moment = await openMoment(owner, 10);
  await other.takeOver(leaseOf(9));
  await other.takeOver(leaseOf(10));
  await other.takeOver(leaseOf(11, 'b'));
  expect(await openTransactions(db)).toBe(1);
});

test('another role’s reads stay, and nothing fails', async () => {
  await using db = await createTestDatabase();
  const role = await db.createRole({ password: 'p' });
  const notices: string[] = [];
  await using owner = readerFor(db.url);
  await using other = readerFor(db.urlFor({ user: role, password: 'p' }), {
    notice: ({ message }) => void notices.push(message),
  });
  await using _moment = await openMoment(owner, 1);
  await other.takeOver(leaseOf(2));
  expect(await openTransactions(db)).toBe(1);
  expect(notices).toEqual([]);
});

test('a source that does not let itself be asked is told, and nothing fails', async () => {
  await using db = await createTestDatabase();
  const role = await db.createRole({ password: 'p' });
  await db.query('REVOKE EXECUTE ON FUNCTION pg_terminate_backend(int, int8) FROM PUBLIC');
  const notices: string[] = [];
  await using reader = readerFor(db.urlFor({ user: role, password: 'p' }), {
    notice: ({ message }) => void notices.push(message),
  });
  await reader.takeOver(leaseOf(2));
  expect(notices).toEqual([
    expect.stringMatching(/^reads of an older owner may still be open.*pg_terminate_backend/),
  ]);
});
