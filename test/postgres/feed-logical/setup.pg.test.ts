import { expect, test } from 'vitest';
import type { Feed, FeedCollection } from '../../../src/protocol/feed.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { failure, never } from '../support.ts';
import { begun, collection, feedFor, pipelineName, Reading } from './support.ts';

const request = (...collections: FeedCollection[]) => ({ collections, signal: never });
const prepare = (feed: Feed, ...collections: FeedCollection[]) => feed.prepare(request(...collections));

const slots = async (db: TestDatabase): Promise<string[]> =>
  (
    await db.query<{ name: string }>(
      `SELECT slot_name AS name FROM pg_replication_slots WHERE database = current_database()`,
    )
  ).rows.map(({ name }) => name);

const published = async (db: TestDatabase): Promise<unknown[]> =>
  (await db.query(`SELECT pubname, tablename, attnames::text[] FROM pg_publication_tables ORDER BY 1, 2`))
    .rows;

const tables = `CREATE TABLE a (id int PRIMARY KEY, v text, secret text); CREATE TABLE b (id int PRIMARY KEY, v text);
  CREATE TABLE f (id int PRIMARY KEY, v text); ALTER TABLE f REPLICA IDENTITY FULL`;

test('the publication holds what is asked for and nothing else, follows the collections, and a repeat does nothing', async () => {
  await using db = await createTestDatabase();
  await db.query(tables);
  const pipeline = pipelineName();
  await using feed = await feedFor(db.url, { pipeline });
  const first = [collection('a', ['v']), { ...collection('a', null), name: 'keys' }, collection('f', ['v'])];
  expect((await feed.preview(request(...first))).map(({ what }) => what)).toEqual([
    `make the publication lockstep_${pipeline}`,
    `mark the publication lockstep_${pipeline} as ours`,
    `make the slot lockstep_${pipeline}`,
  ]);
  expect(await published(db)).toEqual([]);
  const steps = await prepare(feed, ...first);
  expect(steps[0]?.statement).toMatch(
    /^CREATE PUBLICATION "lockstep_\w+" FOR TABLE ONLY "public"."a" \("id", "v"\), ONLY "public"."f" WITH/,
  );
  expect(await published(db)).toMatchObject([
    { tablename: 'a', attnames: ['id', 'v'] },
    { tablename: 'f', attnames: ['id', 'v'] },
  ]);
  expect(await prepare(feed, ...first)).toEqual([]);
  await prepare(feed, collection('a', ['v', 'secret']), collection('b', null));
  expect(await published(db)).toMatchObject([
    { tablename: 'a', attnames: ['id', 'v', 'secret'] },
    { tablename: 'b', attnames: ['id'] },
  ]);
  expect(await slots(db)).toEqual([`lockstep_${pipeline}`]);
});

test('removal leaves nothing, also while the stream is being read (rule 11)', async () => {
  await using db = await createTestDatabase();
  await db.query(tables);
  await using feed = await feedFor(db.url);
  const collections = [collection('a', ['v'])];
  await begun(feed, collections);
  expect(await feed.remember('a word', { signal: never })).toBe(true);
  expect(await feed.recall({ signal: never })).toBe('a word');
  await using reading = new Reading(feed, collections);
  await db.query(`INSERT INTO a VALUES (1)`);
  await reading.take(1);
  const steps = await feed.remove(request(...collections));
  expect(steps.map(({ what }) => what).filter((what) => what.startsWith('left'))).toEqual([]);
  expect(await slots(db)).toEqual([]);
  const { rows } = await db.query(`SELECT pubname FROM pg_publication UNION ALL
    SELECT nspname FROM pg_namespace WHERE nspname = 'lockstep'`);
  expect(rows).toEqual([]);
  expect(await feed.remove(request(...collections))).toEqual([]);
});

test('what is not ours is neither cut down nor dropped', async () => {
  await using db = await createTestDatabase();
  await db.query(tables);
  await db.query(`CREATE PUBLICATION theirs FOR TABLE a, b WITH (publish_via_partition_root = true)`);
  const { rows } = await db.query<{ before: string }>(`SELECT xmin::text AS before FROM pg_publication`);
  const pipeline = pipelineName();
  await using feed = await feedFor(db.url, { pipeline, capture: { publication: 'theirs' } });
  const steps = await prepare(feed, collection('a', ['v']), collection('f', ['v']));
  expect(steps.map(({ what }) => what)).toContain('put public.f into the publication theirs');
  expect(await published(db)).toMatchObject([{ tablename: 'a' }, { tablename: 'b' }, { tablename: 'f' }]);
  expect(rows).toHaveLength(1);
  const left = await feed.remove(request());
  expect(left.map(({ what }) => what)).toContain('left: the publication theirs, which was not made by us');
  expect(await published(db)).toHaveLength(3);
  const other = await createTestDatabase();
  await using _other = other;
  const slot = `foreign_${pipeline}`;
  await other.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
  await using second = await feedFor(db.url, { capture: { slot } });
  await failure(prepare(second, collection('a', ['v'])), 'postgres-slot-foreign');
  const findings = await second.check(request(collection('a', ['v'])));
  expect(findings.map(({ code }) => code)).toContain('postgres-slot-foreign');
  expect((await second.remove(request())).map(({ what }) => what)[0]).toMatch(/^left: the slot foreign/);
});

test('making a slot has a deadline, names what it waits for, and leaves none', async () => {
  await using db = await createTestDatabase();
  await db.query(tables);
  await using feed = await feedFor(db.url, { capture: { slotTimeoutMs: 1500 } });
  const client = await db.connect({ application_name: 'a forgotten one' });
  await client.query(`BEGIN; INSERT INTO a VALUES (1)`);
  const error = await failure(prepare(feed, collection('a', ['v'])), 'postgres-slot-timeout');
  expect(error.message).toMatch(/within 1.5 s: the server waits for .*of a forgotten one, open for/);
  expect(error.class).toBe('transient');
  expect(await slots(db)).toEqual([]);
  await client.query(`COMMIT`);
  await client.query(`BEGIN; INSERT INTO a VALUES (2); PREPARE TRANSACTION 'p ${db.name}'`);
  const prepared = await failure(prepare(feed, collection('a', ['v'])), 'postgres-slot-timeout');
  expect(prepared.message).toContain(`prepared transaction "p ${db.name}"`);
  await client.query(`ROLLBACK PREPARED 'p ${db.name}'`);
  await prepare(feed, collection('a', ['v']));
  expect(await slots(db)).toHaveLength(1);
});

test('an aborted creation leaves no slot', async () => {
  await using db = await createTestDatabase();
  await db.query(tables);
  await using feed = await feedFor(db.url);
  const client = await db.connect();
  await client.query(`BEGIN; INSERT INTO a VALUES (1)`);
  const abort = new AbortController();
  const work = feed.prepare({ collections: [collection('a', ['v'])], signal: abort.signal });
  while ((await slots(db)).length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  abort.abort(new Error('enough'));
  await failure(work, 'interrupted');
  while ((await slots(db)).length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await client.query('COMMIT');
});

test('tables that would refuse the application’s writes once published are refused first', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE bare (id int, v text); CREATE TABLE late (id int PRIMARY KEY DEFERRABLE);
    CREATE TABLE short (id int PRIMARY KEY, email text UNIQUE NOT NULL); CREATE UNLOGGED TABLE u (id int PRIMARY KEY);
    CREATE VIEW v AS SELECT 1 AS id; CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child () INHERITS (parent);
    CREATE TABLE parted (id int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF parted DEFAULT; ALTER TABLE part REPLICA IDENTITY NOTHING`);
  await using feed = await feedFor(db.url);
  const cases = [
    [collection('bare', ['id']), 'postgres-identity-missing'],
    [collection('late', ['id']), 'postgres-identity-missing'],
    [collection('parted', ['id']), 'postgres-identity-missing'],
    [collection('short', ['id'], ['email']), 'postgres-identity-short'],
    [collection('u', ['id']), 'postgres-not-captured'],
    [collection('v', ['id']), 'postgres-not-captured'],
    [collection('parent', ['id']), 'postgres-not-captured'],
    [collection('nowhere', ['id']), 'collection-unknown'],
  ] as const;
  for (const [wanted, code] of cases) {
    await failure(prepare(feed, wanted), code);
    const findings = await feed.check(request(wanted));
    expect(
      findings.filter(({ level }) => level === 'error').map((found) => found.code),
      wanted.name,
    ).toEqual([code]);
  }
  expect(await published(db)).toEqual([]);
  await db.query(`ALTER TABLE short REPLICA IDENTITY USING INDEX short_email_key`);
  await prepare(feed, collection('short', ['id'], ['email']));
  await db.query(`INSERT INTO short VALUES (1, 'x'); UPDATE short SET id = 2; DELETE FROM short`);
});

test('rights: what is missing is said, with what the owner runs; then nothing more is needed', async () => {
  await using db = await createTestDatabase();
  await db.query(tables);
  const plain = await db.createRole();
  const pipeline = pipelineName();
  await using without = await feedFor(db.urlFor({ user: plain }), { pipeline });
  const wanted = collection('a', ['v']);
  const findings = await without.check(request(wanted));
  expect(findings.map(({ level, code }) => [level, code])).toEqual([
    ['error', 'postgres-replication-denied'],
    ['warning', 'postgres-slot-unbounded'],
    ['error', 'postgres-publication-denied'],
  ]);
  await db.query(`ALTER ROLE ${plain} REPLICATION; GRANT SELECT ON a TO ${plain}`);
  const error = await failure(prepare(without, wanted), 'postgres-publication-denied');
  expect(await slots(db)).toEqual([]);
  for (const statement of error.cure.replace('Let the owner run: ', '').split(';')) await db.query(statement);
  expect((await without.check(request(wanted))).filter(({ level }) => level === 'error')).toEqual([]);
  await begun(without, [wanted]);
  await using reading = new Reading(without, [wanted]);
  await db.query(`INSERT INTO a VALUES (1, 'x', 'y')`);
  await reading.take(1);
  const left = await without.remove(request());
  expect(left.map(({ what }) => what).filter((what) => what.startsWith('left'))).toEqual([
    `left: the publication lockstep_${pipeline}, which its owner must drop`,
  ]);
  expect(await slots(db)).toEqual([]);
});

test('partitions are captured with a warning of what the stream leaves out', async () => {
  await using db = await createTestDatabase();
  await db.query(
    `CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p DEFAULT`,
  );
  await using feed = await feedFor(db.url);
  const findings = await feed.check(request(collection('p', ['id'])));
  expect(findings.map(({ level, code }) => [level, code])).toEqual([
    ['warning', 'postgres-slot-unbounded'],
    ['warning', 'postgres-partitions-unheard'],
  ]);
});

test('a failover slot is one where the server knows them', async () => {
  for (const version of [17, 18] as const) {
    await using db = await createTestDatabase({ version });
    await db.query(tables);
    await using feed = await feedFor(db.url, { capture: { failover: true } });
    await prepare(feed, collection('a', ['v']));
    const { rows } = await db.query(
      `SELECT failover FROM pg_replication_slots WHERE database = current_database()`,
    );
    expect(rows).toEqual([{ failover: true }]);
  }
});
