import { expect, test } from 'vitest';
import { TablesTogether } from '../../src/connectors/postgres/reader/tables-together.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { never, poolFor } from './support.ts';

const named = (table: string) => ({ schema: 'public', table });
const names = Array.from({ length: 20 }, (_, index) => named(`t${index}`));

const createTables = (db: TestDatabase) =>
  db.query(
    names.map(({ table }) => `CREATE TABLE ${table} (id int PRIMARY KEY, ${table}_of text)`).join(';'),
  );

async function sessionsOn(db: TestDatabase): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  return rows[0]?.count ?? 0;
}

test('tables that are asked for at once are described in one session, each to who asked for it', async () => {
  await using db = await createTestDatabase();
  await createTables(db);
  await using pool = poolFor(db.url);
  const together = new TablesTogether(pool);
  const asked = [...names, named('nothing')];
  const tables = await Promise.all(asked.map((name) => together.describe(name, { signal: never })));
  expect(tables.map((table) => table?.columns[1]?.name)).toEqual([
    ...names.map(({ table }) => `${table}_of`),
    undefined,
  ]);
  expect(await sessionsOn(db)).toBe(1);
});

test('who stops waiting stops nobody else', async () => {
  await using db = await createTestDatabase();
  await createTables(db);
  await using pool = poolFor(db.url);
  const together = new TablesTogether(pool);
  const stopped = new AbortController();
  const [first, second] = [
    together.describe(named('t0'), { signal: stopped.signal }),
    together.describe(named('t1'), { signal: never }),
  ];
  stopped.abort();
  await expect(first).rejects.toMatchObject({ code: 'interrupted' });
  expect((await second)?.table).toBe('t1');
});

test('what fails is told to all that asked', async () => {
  await using db = await createTestDatabase();
  await using pool = poolFor(db.url.replace(db.name, `${db.name}_gone`));
  const together = new TablesTogether(pool);
  const asked = names.slice(0, 2).map((name) => together.describe(name, { signal: never }));
  for (const answer of await Promise.allSettled(asked))
    expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'database-unknown' } });
});
