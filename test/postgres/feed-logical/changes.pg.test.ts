import { expect, test } from 'vitest';
import type { FeedChange } from '../../../src/protocol/change.ts';
import type { FeedItem } from '../../../src/protocol/feed.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { bare } from './plain.ts';
import { begun, collection, feedFor, Reading } from './support.ts';

test.for([17, 18] as const)('rows, keys, nothing of what was rolled back: PostgreSQL %i', async (version) => {
  await using db = await createTestDatabase({ version });
  await db.query('CREATE TABLE t (id bigint PRIMARY KEY, name text, n numeric(10,2), secret text)');
  await using feed = await feedFor(db.url);
  const collections = [collection('t', ['id', 'name', 'n'])];
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  await db.query(`INSERT INTO t VALUES (1, 'one', 1.5, 'x'), (2, NULL, 2, 'x')`);
  await db.query(`BEGIN; INSERT INTO t VALUES (3, 'gone', 0, 'x'); ROLLBACK`);
  await db.query(`UPDATE t SET name = 'uno' WHERE id = 1; DELETE FROM t WHERE id = 2`);
  const changes = await reading.take(4);
  expect(changes.map(bare)).toEqual([
    { kind: 'insert', collection: 't', key: '["1"]', row: { id: 1n, name: 'one', n: '1.50' } },
    { kind: 'insert', collection: 't', key: '["2"]', row: { id: 2n, name: null, n: '2.00' } },
    { kind: 'update', collection: 't', key: '["1"]', row: { id: 1n, name: 'uno', n: '1.50' } },
    { kind: 'delete', collection: 't', key: '["2"]' },
  ]);
  expect(changes[0]?.meta).toBe(changes[1]?.meta);
  expect(changes[0]?.meta.origin).toBeNull();
  expect(Math.abs((changes[0]?.meta.committedAtMs ?? 0) - Date.now())).toBeLessThan(20_000);
  expect((changes[0]?.meta.version ?? '') < (changes[2]?.meta.version ?? '')).toBe(true);
});

const plain = (changes: readonly FeedChange[]) => changes.map(bare);

test('a changed key tells the former one, and collections without columns get touches', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE t (a int, b text, v text, PRIMARY KEY (a, b))`);
  await using feed = await feedFor(db.url);
  const rows = collection('t', ['a', 'b', 'v'], ['a', 'b']);
  const keys = { ...collection('public.t', null, ['b', 'a']), name: 'keys' };
  await begun(feed, [rows, keys]);
  await using reading = new Reading(feed, [rows, keys]);
  await db.query(`INSERT INTO t VALUES (1, 'x"y', 'v')`);
  await db.query(`UPDATE t SET a = 2`);
  await db.query(`DELETE FROM t`);
  expect(plain(await reading.take(6))).toEqual([
    { kind: 'insert', collection: 't', key: '["1","x\\"y"]', row: { a: 1, b: 'x"y', v: 'v' } },
    { kind: 'touch', collection: 'keys', key: '["x\\"y","1"]' },
    {
      kind: 'update',
      collection: 't',
      key: '["2","x\\"y"]',
      previousKey: '["1","x\\"y"]',
      row: { a: 2, b: 'x"y', v: 'v' },
    },
    { kind: 'touch', collection: 'keys', key: '["x\\"y","2"]', previousKey: '["x\\"y","1"]' },
    { kind: 'delete', collection: 't', key: '["2","x\\"y"]' },
    { kind: 'delete', collection: 'keys', key: '["x\\"y","2"]' },
  ]);
});

test('a large value that an update left alone is absent; with full identity it comes from the old row', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE t (id int PRIMARY KEY, big text, n int); ALTER TABLE t ALTER big SET STORAGE EXTERNAL;
    CREATE TABLE f (id int PRIMARY KEY, big text, n int); ALTER TABLE f ALTER big SET STORAGE EXTERNAL;
    ALTER TABLE f REPLICA IDENTITY FULL`);
  await using feed = await feedFor(db.url);
  const collections = [collection('t', ['id', 'big', 'n']), collection('f', ['id', 'big', 'n'], ['n'])];
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  const big = 'x'.repeat(20_000);
  for (const table of ['t', 'f'])
    await db.query(
      `INSERT INTO ${table} VALUES (1, '${big}', 1); UPDATE ${table} SET n = 2; DELETE FROM ${table}`,
    );
  expect(plain(await reading.take(6))).toEqual([
    { kind: 'insert', collection: 't', key: '["1"]', row: { id: 1, big, n: 1 } },
    { kind: 'update', collection: 't', key: '["1"]', row: { id: 1, n: 2 } },
    { kind: 'delete', collection: 't', key: '["1"]' },
    { kind: 'insert', collection: 'f', key: '["1"]', row: { id: 1, big, n: 1 } },
    { kind: 'update', collection: 'f', key: '["2"]', previousKey: '["1"]', row: { id: 1, big, n: 2 } },
    { kind: 'delete', collection: 'f', key: '["2"]' },
  ]);
});

test('truncate, and what becomes of columns and names, are barriers inside their transaction', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE a (id int PRIMARY KEY, v int, w text); CREATE TABLE b (id int PRIMARY KEY)`);
  await using feed = await feedFor(db.url);
  const collections = [
    collection('a', ['id', 'v', 'w']),
    { ...collection('a', null), name: 'again' },
    collection('b', ['id']),
  ];
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  await db.query(`INSERT INTO a VALUES (1, 1, 'x'); INSERT INTO b VALUES (1)`);
  // It is under way: it could not begin any more once `a` is called otherwise.
  await reading.until(() => reading.changes.length >= 2);
  await db.query(`BEGIN; INSERT INTO b VALUES (2); TRUNCATE a, b; INSERT INTO b VALUES (3); COMMIT`);
  const shapes = [
    `ALTER TABLE a ADD COLUMN x int`,
    `ALTER TABLE a DROP COLUMN x`,
    `ALTER TABLE a RENAME COLUMN w TO y`,
    `ALTER TABLE a ALTER COLUMN v TYPE bigint`,
    `ALTER TABLE a RENAME TO c`,
  ];
  for (const [index, shape] of shapes.entries())
    await db.query(`${shape}; INSERT INTO ${index === 4 ? 'c' : 'a'} (id) VALUES (${index + 10})`);
  // A look at the catalogue that happens in between tells of a shape too, between two transactions.
  const isWithin = (item: FeedItem): boolean => item.kind === 'barrier' && item.boundary === null;
  const barriers = () => reading.items.filter((item) => item.kind === 'barrier').filter(isWithin);
  await reading.until(() => barriers().length === 7);
  expect(
    barriers().map(({ collections: names, event, boundary }) => ({ names, ...event, boundary })),
  ).toEqual([
    {
      names: ['a', 'again'],
      kind: 'truncate',
      source: 'a',
      detail: 'public.a was truncated',
      boundary: null,
    },
    { names: ['b'], kind: 'truncate', source: 'b', detail: 'public.b was truncated', boundary: null },
    ...[
      ['shape', 'column "x" was added'],
      ['shape', 'column "x" was dropped'],
      ['shape', 'column "w" was renamed to "y"'],
      ['shape', 'column "v" has another type'],
      ['rename', 'it is called public.c now'],
    ].map(([kind, detail]) => ({ names: ['a', 'again'], kind, source: 'a', detail, boundary: null })),
  ]);
  const first = reading.items.findIndex(isWithin);
  const [before, after] = [reading.items[first - 1], reading.items[first + 2]];
  expect(before?.kind === 'batch' && [before.changes.at(-1)?.key, before.boundary]).toEqual(['["2"]', null]);
  expect(after?.kind === 'batch' && [after.changes[0]?.key, after.boundary === null]).toEqual([
    '["3"]',
    false,
  ]);
});

test('table partitions come under the name of their table', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE p (id int, r text, v int, PRIMARY KEY (id, r)) PARTITION BY LIST (r);
    CREATE TABLE p_a PARTITION OF p FOR VALUES IN ('a');
    CREATE TABLE p_b (v int, r text NOT NULL, id int NOT NULL, PRIMARY KEY (id, r));
    ALTER TABLE p ATTACH PARTITION p_b FOR VALUES IN ('b')`);
  await using feed = await feedFor(db.url);
  const collections = [collection('p', ['id', 'v'], ['id', 'r'])];
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  await db.query(`INSERT INTO p VALUES (1, 'a', 1); INSERT INTO p_b VALUES (2, 'b', 2)`);
  await db.query(`UPDATE p SET r = 'b' WHERE id = 1; TRUNCATE p`);
  await reading.until(() => reading.items.some((item) => item.kind === 'barrier'));
  expect(plain(reading.changes)).toEqual([
    { kind: 'insert', collection: 'p', key: '["1","a"]', row: { id: 1, v: 1 } },
    { kind: 'insert', collection: 'p', key: '["2","b"]', row: { id: 2, v: 2 } },
    { kind: 'delete', collection: 'p', key: '["1","a"]' },
    { kind: 'insert', collection: 'p', key: '["1","b"]', row: { id: 1, v: 1 } },
  ]);
});

test('who wrote is told', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE t (id int PRIMARY KEY)`);
  await using feed = await feedFor(db.url);
  const collections = [collection('t', ['id'])];
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  const origin = `elsewhere_${db.name}`;
  await db.query(`SELECT pg_replication_origin_create('${origin}')`);
  await db.query(`SELECT pg_replication_origin_session_setup('${origin}')`);
  await db.query(`INSERT INTO t VALUES (1)`);
  await db.query(`SELECT pg_replication_origin_session_reset()`);
  await db.query(`INSERT INTO t VALUES (2)`);
  const changes = await reading.take(2);
  await db.query(`SELECT pg_replication_origin_drop('${origin}')`);
  expect(changes.map(({ meta }) => meta.origin)).toEqual([origin, null]);
});

test.for([17, 18] as const)(
  'what the stream can not spell as a read does is read again: PostgreSQL %i',
  async (version) => {
    await using db = await createTestDatabase({ version });
    await db.query(`CREATE TABLE g (id int PRIMARY KEY, v int, twice int GENERATED ALWAYS AS (v * 2) STORED);
    CREATE TABLE x (id int PRIMARY KEY, doc xml)`);
    await using feed = await feedFor(db.url);
    const collections = [
      collection('g', ['id', 'twice']),
      { ...collection('g', ['id', 'v']), name: 'plain' },
      collection('x', ['doc']),
    ];
    await begun(feed, collections);
    await using reading = new Reading(feed, collections);
    await db.query(`INSERT INTO g VALUES (1, 2); INSERT INTO x VALUES (1, '<a/>')`);
    expect(plain(await reading.take(3))).toEqual([
      version === 17
        ? { kind: 'touch', collection: 'g', key: '["1"]' }
        : { kind: 'insert', collection: 'g', key: '["1"]', row: { id: 1, twice: 4 } },
      { kind: 'insert', collection: 'plain', key: '["1"]', row: { id: 1, v: 2 } },
      { kind: 'touch', collection: 'x', key: '["1"]' },
    ]);
  },
);
