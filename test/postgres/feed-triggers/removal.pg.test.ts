import { expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { failure, never } from '../support.ts';
import { followFeed, items, openFeed } from './feed-under-test.ts';

const create = `CREATE TABLE items (id int PRIMARY KEY, v int);
  CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9)`;
const both = [items, { name: 'parted', source: 'parted', key: ['id'], columns: null }];

/** How many objects of each kind the catalogue has. */
async function objects(db: TestDatabase): Promise<unknown> {
  const tables = [
    'pg_class',
    'pg_proc',
    'pg_trigger',
    'pg_namespace',
    'pg_type',
    'pg_depend',
    'pg_attrdef',
    'pg_sequence',
    'pg_index',
    'pg_constraint',
    'pg_default_acl',
  ];
  const counts = tables.map((table) => `(SELECT count(*)::int4 FROM pg_catalog.${table}) AS ${table}`);
  return (await db.query(`SELECT ${counts.join(', ')}`)).rows[0];
}

test('removal leaves nothing (rule 11)', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  const before = await objects(db);
  await using feed = await followFeed(db.url, { collections: both });
  expect(await feed.feed.remember('a word', { signal: never })).toBe(true);
  expect(await feed.feed.recall({ signal: never })).toBe('a word');
  await db.query('INSERT INTO items VALUES (1); INSERT INTO parted VALUES (1)');
  await feed.caughtUp();
  await feed.stop();
  const steps = await feed.feed.remove(feed.request);
  expect(steps.filter(({ what }) => what.startsWith('Left behind'))).toEqual([]);
  expect(await objects(db)).toEqual(before);
  await db.query('INSERT INTO items VALUES (2)');
  expect(await feed.feed.remove(feed.request)).toEqual([]);
});

test('two pipelines on one table do not disturb each other', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  await using one = await followFeed(db.url, { pipeline: 'shop' });
  await using other = await followFeed(db.url, { pipeline: 'shop_2', stateSchema: 'lockstep' });
  await db.query('INSERT INTO items VALUES (1)');
  await Promise.all([one.caughtUp(), other.caughtUp()]);
  await one.stop();
  await one.feed.remove(one.request);
  await db.query('INSERT INTO items VALUES (2)');
  await other.caughtUp();
  expect([one.keys(), other.keys()]).toEqual([['["1"]'], ['["1"]', '["2"]']]);
  expect(other.news()).toEqual([]);
});

test('a collection that is no longer captured loses its triggers, one that comes back is told a gap', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  await using feed = await openFeed(db.url, { collections: both });
  await feed.feed.prepare(feed.request);
  await feed.feed.prepare({ collections: [items], signal: never });
  const { rows } = await db.query(
    `SELECT DISTINCT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname LIKE 'lockstep_%' AND tgrelid::regclass::text !~ 'log'`,
  );
  expect(rows).toEqual([{ name: 'items' }]);
});

test('the right TRIGGER is enough, but for sessions in the role of a replica, and check says so', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  const role = await db.createRole();
  await db.query(`CREATE SCHEMA lockstep AUTHORIZATION "${role}"; GRANT SELECT ON items TO "${role}"`);
  await using feed = await openFeed(db.urlFor({ user: role }));
  const [denied] = await feed.feed.check(feed.request);
  expect(denied).toMatchObject({ level: 'error', code: 'permission-denied' });
  await failure(feed.feed.prepare(feed.request), 'permission-denied');
  await db.query(denied?.cure ?? '');
  const [origin, ...rest] = await feed.feed.check(feed.request);
  expect([origin?.level, origin?.code, rest]).toEqual(['warning', 'postgres-triggers-origin', []]);
  await feed.feed.prepare(feed.request);
  await feed.head('from');
  feed.start();
  await db.query('INSERT INTO items VALUES (1)');
  await feed.caughtUp();
  expect(feed.keys()).toEqual(['["1"]']);
  await db.query(/ALTER TABLE.*;/.exec(origin?.cure ?? '')?.[0] ?? 'no statement');
  expect(await feed.feed.check(feed.request)).toEqual([]);
  await db.query('BEGIN; SET LOCAL session_replication_role = replica; INSERT INTO items VALUES (2); COMMIT');
  await feed.caughtUp();
  expect(feed.keys()).toEqual(['["1"]', '["2"]']);
  await feed.stop();
  const steps = await feed.feed.remove(feed.request);
  expect(steps.filter(({ what }) => what.startsWith('Left behind'))).toEqual([]);
  await db.query('INSERT INTO items VALUES (3)');
});

test('without a right to make our schema, check says which statement makes it', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  const role = await db.createRole();
  await db.query(`ALTER TABLE items OWNER TO "${role}"`);
  await using feed = await openFeed(db.urlFor({ user: role }));
  const findings = await feed.feed.check(feed.request);
  expect(findings.map(({ code, cure }) => [code, cure])).toEqual([
    ['permission-denied', `CREATE SCHEMA "lockstep" AUTHORIZATION "${role}";`],
  ]);
  expect(await feed.feed.remember('x', { signal: never })).toBe(false);
  expect(await feed.feed.recall({ signal: never })).toBe(null);
  await db.query(findings[0]?.cure ?? '');
  expect(await feed.feed.check(feed.request)).toEqual([]);
  await feed.feed.prepare(feed.request);
});

test('views, temporary tables, missing keys and foreign parts are refused by check', async () => {
  await using db = await createTestDatabase();
  await db.query(`${create}; CREATE VIEW seen AS SELECT * FROM items;
    CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
    CREATE TABLE wide (id int) PARTITION BY RANGE (id); CREATE FOREIGN TABLE far PARTITION OF wide FOR VALUES FROM (0) TO (9) SERVER s`);
  const collection = (source: string, ...key: string[]) => ({ name: source, source, key, columns: null });
  await using feed = await openFeed(db.url);
  const collections = [
    collection('seen', 'id'),
    collection('items'),
    collection('parted', 'nope'),
    collection('wide', 'id'),
  ];
  const findings = await feed.feed.check({ collections, signal: never });
  expect(findings.map(({ code, level }) => `${level} ${code}`)).toEqual([
    'error postgres-not-a-table',
    'error key-missing',
    'error column-unknown',
    'error postgres-triggers-foreign',
  ]);
});

test('set-up waits for an open writer without holding others up for long, and says for whom', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  const writer = await db.connect();
  await writer.query('BEGIN; INSERT INTO items VALUES (1)');
  await using feed = await openFeed(db.url);
  const prepared = feed.feed.prepare(feed.request);
  await expect.poll(() => feed.notices.map(({ kind }) => kind), { timeout: 5_000 }).toContain('waiting');
  const startedAt = performance.now();
  await db.query('INSERT INTO items VALUES (2)');
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  await writer.query('COMMIT');
  expect((await prepared).length).toBeGreaterThan(0);
});

test('without its log, a head is asked for again later', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  await using feed = await openFeed(db.url);
  const error = await failure(feed.head('through'), 'postgres-log-missing');
  expect(error.class).toBe('transient');
  await failure(feed.feed.retained(feed.request), 'postgres-log-missing');
});
