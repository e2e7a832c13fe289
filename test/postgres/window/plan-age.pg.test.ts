import { expect, test } from 'vitest';
import { PlanAge } from '../../../src/connectors/postgres/writer/window/plan-age.ts';
import type { Target } from '../../../src/protocol/writer.ts';
import { holding } from '../../conformance/writer/writer-under-test.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { openTables, windowOver } from './support.ts';

const there = (target: Target, id: number, v: string) =>
  ({ kind: 'upsert', key: target.keyOf({ id }), row: { id, v }, isThere: true }) as const;
const fresh = (target: Target, id: number, v: string) =>
  ({ kind: 'upsert', key: target.keyOf({ id }), row: { id, v }, isNew: true }) as const;
const ids = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Rows that were updated, and entries of the key's index that were followed for anything. */
async function statisticsOf(
  db: TestDatabase,
): Promise<{ readonly updated: number; readonly fetched: number }> {
  const { rows } = await db.query<{ updated: string; fetched: string }>(
    `SELECT n_tup_upd AS updated, idx_tup_fetch AS fetched FROM pg_stat_user_tables WHERE relid = 'public.t'::regclass`,
  );
  return { updated: Number(rows[0]?.updated), fetched: Number(rows[0]?.fetched) };
}

const updatedBy = async (db: TestDatabase, updated: number): Promise<number> => {
  await expect.poll(async () => (await statisticsOf(db)).updated, { timeout: 20_000 }).toBe(updated);
  return (await statisticsOf(db)).fetched;
};

test('a table that was tiny when its statements were planned is not read as a whole once it has grown', async () => {
  await using db = await createTestDatabase();
  const ddl = `CREATE TABLE t (id int PRIMARY KEY, v text) WITH (autovacuum_enabled = off);
    INSERT INTO t VALUES (1, 'a'), (2, 'a'), (3, 'a'); ANALYZE t`;
  await using open = await openTables(db, ddl, [
    { target: 't', columns: ['id', 'v'], scope: { kind: 'all' } },
  ]);
  const [target] = open.targets;
  if (target === undefined) throw new Error('no target was opened');
  const apply = (changes: readonly (ReturnType<typeof there> | ReturnType<typeof fresh>)[]) =>
    open.writer.applyWindow(windowOver({ target, changes }), holding(1));
  await apply(ids(1, 3).map((id) => there(target, id, 'b')));
  const before = await updatedBy(db, 3);
  for (let from = 4; from < 20_000; from += 1_000)
    await apply(ids(from, from + 999).map((id) => fresh(target, id, 'a')));
  await apply(ids(10_001, 10_500).map((id) => there(target, id, 'b')));
  expect((await updatedBy(db, 503)) - before).toBeLessThan(5_000);
});

test('plans are made anew when twice as much has gone through', () => {
  const age = new PlanAge();
  expect(Array.from({ length: 16 }, () => age.isDue(500))).toEqual(
    [...'..x.x...x.......'].map((mark) => mark === 'x'),
  );
});
