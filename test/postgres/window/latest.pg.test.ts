import { expect, test } from 'vitest';
import { wholeCollection } from '../../../src/protocol/partition.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { collect, failure, never, readerFor, selecting } from '../support.ts';

const asking = (...names: string[]) => ({
  selection: selecting(...names),
  keyColumns: ['id'],
  notBefore: null,
  signal: never,
});

test('latest shows each read the moment in which it begins, and holds nothing open', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')`);
  await using reader = readerFor(db.url);
  await using latest = reader.latest();
  const options = { selection: selecting('id', 'v'), format: 'rows', signal: never } as const;
  const read = async () =>
    (await collect(latest.read('t', wholeCollection(1), options))).flatMap((chunk) =>
      chunk.format === 'rows' ? chunk.rows : [],
    );
  expect(await read()).toEqual([{ id: 1, v: 'a' }]);
  expect((await latest.lookup('t', ['["1"]'], asking('id', 'v'))).get('["1"]')).toEqual({ id: 1, v: 'a' });
  const open = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`;
  await expect.poll(async () => (await db.query(open)).rowCount).toBe(0);
  await db.query(`UPDATE t SET v = 'b'`);
  expect(await read()).toEqual([{ id: 1, v: 'b' }]);
  expect((await latest.lookup('t', ['["1"]'], asking('id', 'v'))).get('["1"]')).toEqual({ id: 1, v: 'b' });
});

test('lookups follow columns that change their type, or go', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE t (id int PRIMARY KEY, v int, w text); INSERT INTO t VALUES (1, 5, 'w')`);
  await using reader = readerFor(db.url);
  await using latest = reader.latest();
  const look = (...names: string[]) => latest.lookup('t', ['["1"]'], asking(...names));
  expect((await look('id', 'v', 'w')).get('["1"]')).toEqual({ id: 1, v: 5, w: 'w' });
  await db.query('ALTER TABLE t ALTER v TYPE bigint, ALTER id TYPE bigint');
  expect((await look('id', 'v', 'w')).get('["1"]')).toMatchObject({ w: 'w' });
  await db.query(`UPDATE t SET v = 5000000000`);
  expect((await look('id', 'v', 'w')).get('["1"]')).toMatchObject({ v: 5000000000n });
  await db.query('ALTER TABLE t DROP w');
  await failure(look('id', 'v', 'w'), 'shape-changed');
  expect((await look('id', 'v')).get('["1"]')).toMatchObject({ v: 5000000000n });
});

test('lookups of many keys of several columns find all that is there, and refuse what a policy hides', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE t (a text, b uuid, n int, PRIMARY KEY (a, b));
    INSERT INTO t SELECT 'it''s "' || i || '\\', md5(i::text)::uuid, i FROM generate_series(1, 3000) i`);
  const { rows } = await db.query<{ a: string; b: string; n: number }>('SELECT * FROM t ORDER BY n');
  const role = await db.createRole();
  await db.query(
    `ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (n < 5); GRANT SELECT ON t TO "${role}"`,
  );
  await using reader = readerFor(db.url);
  await using latest = reader.latest();
  const keys = rows.flatMap(({ a, b, n }) => (n % 2 === 0 ? [JSON.stringify([a, b])] : []));
  const unknown = JSON.stringify(['x', rows[0]?.b]);
  const options = { ...asking('a', 'b', 'n'), keyColumns: ['a', 'b'] };
  const found = await latest.lookup('t', [...keys, unknown], options);
  expect(found.get(unknown)).toBeNull();
  expect(keys.map((key) => found.get(key)?.['n'])).toEqual(rows.map(({ n }) => n).filter((n) => n % 2 === 0));
  await using other = readerFor(db.urlFor({ user: role }));
  await using hidden = other.latest();
  await failure(hidden.lookup('t', keys.slice(0, 3), options), 'rows-hidden');
});
