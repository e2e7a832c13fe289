import { expect, test } from 'vitest';
import { createTestDatabase } from '../../support/postgres.ts';
import { followFeed, items } from './feed-under-test.ts';

const key = (...ids: number[]): string[] => ids.map((id) => `["${id}"]`).sort();

const writes: readonly (readonly [string, string, readonly number[]])[] = [
  ['an insert', 'INSERT INTO items VALUES (10)', [10]],
  ['an insert of many rows', 'INSERT INTO items SELECT generate_series(10, 14)', [10, 11, 12, 13, 14]],
  ['an update', 'UPDATE items SET v = 5 WHERE id = 1', [1]],
  ['an update of nothing', 'UPDATE items SET v = 5 WHERE id = 99', []],
  ['a changed key, old and new', 'UPDATE items SET id = 20 WHERE id = 2', [2, 20]],
  ['keys that move up', 'UPDATE items SET id = id + 100', [1, 2, 3, 101, 102, 103]],
  ['a delete', 'DELETE FROM items WHERE id = 3', [3]],
  [
    'MERGE',
    `MERGE INTO items t USING (VALUES (1), (2), (30)) AS s(id) ON t.id = s.id WHEN MATCHED AND s.id = 1 THEN DELETE
      WHEN MATCHED THEN UPDATE SET v = 9 WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)`,
    [1, 2, 30],
  ],
  [
    'INSERT … ON CONFLICT',
    'INSERT INTO items VALUES (1), (40) ON CONFLICT (id) DO UPDATE SET v = items.v + 1',
    [1, 40],
  ],
  [
    'writes inside a WITH',
    'WITH gone AS (DELETE FROM items WHERE id = 1 RETURNING *) INSERT INTO items SELECT id + 50 FROM gone',
    [1, 51],
  ],
  ['a cascade', 'DELETE FROM parents WHERE id = 7', [3]],
  [
    'what a function writes',
    'DO $$BEGIN INSERT INTO items VALUES (60); UPDATE items SET v = 3 WHERE id = 1; END$$',
    [1, 60],
  ],
  ['what was rolled back', 'BEGIN; INSERT INTO items VALUES (70); ROLLBACK', []],
  [
    'a savepoint that was rolled back',
    'BEGIN; INSERT INTO items VALUES (71); SAVEPOINT s; INSERT INTO items VALUES (72); ROLLBACK TO s; INSERT INTO items VALUES (73); COMMIT',
    [71, 73],
  ],
  [
    'writes in the role of a replica',
    `BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO items VALUES (80); COMMIT`,
    [80],
  ],
];

test.for(writes)('%s is told by its keys', async ([, sql, ids]) => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (7);
    CREATE TABLE items (id int PRIMARY KEY, v int DEFAULT 0, parent int REFERENCES parents ON DELETE CASCADE);
    INSERT INTO items VALUES (1, 0, NULL), (2, 0, NULL), (3, 0, 7)`);
  await using feed = await followFeed(db.url);
  await db.query(sql);
  await db.query('INSERT INTO items VALUES (9999)');
  await feed.until(() => feed.keys().includes('["9999"]'), 'the last change');
  expect(feed.keys()).toEqual(key(...ids, 9999));
  expect(feed.news()).toEqual([]);
});

test('COPY is told by its keys', async () => {
  await using db = await createTestDatabase({ version: 17 });
  await db.query('CREATE TABLE items (id int PRIMARY KEY, v int)');
  await using feed = await followFeed(db.url);
  await db.query(`COPY items FROM PROGRAM 'printf "1\\t1\\n2\\t2\\n"'`);
  await feed.until(() => feed.keys().length === 2, 'both rows');
  expect(feed.keys()).toEqual(key(1, 2));
});

test('a row that is written often is told once a page, and two plans of one table get their own keys', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE items (id int, code text, PRIMARY KEY (id, code))');
  const whole = { ...items, key: ['id', 'code'] };
  const turned = { ...items, name: 'turned', key: ['code', 'id'] };
  await using feed = await followFeed(db.url, { collections: [whole, turned] });
  await db.query(
    `BEGIN; INSERT INTO items VALUES (1, 'a'); ${`UPDATE items SET code = code WHERE id = 1;`.repeat(20)} COMMIT`,
  );
  await feed.caughtUp();
  expect(feed.keys()).toEqual(['["1","a"]']);
  expect(feed.keys('turned')).toEqual(['["a","1"]']);
  const touches = feed.told.flatMap((item) => (item.kind === 'batch' ? item.changes : []));
  expect(touches).toHaveLength(2);
});

test('names that need quotes, in schemas that need quotes', async () => {
  await using db = await createTestDatabase();
  await db.query(
    `CREATE SCHEMA "Odd.""S'chema"; CREATE TABLE "Odd.""S'chema"."Ta$lockstep$b""le" ("K e'y" int PRIMARY KEY, "Q""" text)`,
  );
  const odd = { name: 'odd', source: `"Odd.""S'chema"."Ta$lockstep$b""le"`, key: [`K e'y`], columns: null };
  await using feed = await followFeed(db.url, {
    collections: [odd],
    stateSchema: `o'u"r $lockstep$`,
    pipeline: 'a-b_c',
  });
  await db.query(`INSERT INTO "Odd.""S'chema"."Ta$lockstep$b""le" VALUES (1)`);
  await feed.until(() => feed.keys('odd').length === 1, 'the row');
  expect(feed.keys('odd')).toEqual(['["1"]']);
  await feed.stop();
  await feed.feed.remove(feed.request);
  const { rowCount } = await db.query(`SELECT FROM pg_namespace WHERE nspname LIKE 'o''u%'`);
  expect(rowCount).toBe(0);
});
