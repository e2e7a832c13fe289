import pg from 'pg';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../../support/postgres.ts';
import { never } from '../support.ts';
import { at, begun, collection, feedFor, pipelineName, Reading } from './support.ts';

/** The catalogue is looked at every five seconds. */
const patience = 30_000;

test(
  'what happens to a table partition alone is a gap of its collections, and a dropped table is a barrier',
  async () => {
    await using db = await createTestDatabase();
    await db.query(`CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200);
    CREATE TABLE d (id int PRIMARY KEY); CREATE TABLE late (id int PRIMARY KEY); INSERT INTO late VALUES (250)`);
    await using feed = await feedFor(db.url);
    const collections = [collection('p', ['id']), collection('d', ['id'])];
    await begun(feed, collections);
    await using reading = new Reading(feed, collections);
    await db.query(`INSERT INTO p VALUES (1), (101)`);
    await reading.take(2);
    const gaps = () => reading.items.flatMap((item) => (item.kind === 'gap' ? [item] : []));
    await db.query(`TRUNCATE p1; DROP TABLE d`);
    await reading.until(() => gaps().length > 0);
    expect(gaps()[0]).toMatchObject({
      collections: ['p'],
      gap: { reason: 'p: the table partition p1 was truncated or rewritten' },
    });
    expect(reading.items.flatMap((item) => (item.kind === 'barrier' ? [item.event.kind] : []))).toEqual([
      'drop',
    ]);
    await db.query(
      `ALTER TABLE p DETACH PARTITION p2; ALTER TABLE p ATTACH PARTITION late FOR VALUES FROM (200) TO (300)`,
    );
    await reading.until(() => gaps().length > 1);
    expect(gaps()[1]?.gap.reason).toBe(
      'p: the table partition late was attached, the table partition p2 was detached or dropped',
    );
    await db.query(`INSERT INTO p VALUES (251)`);
    await reading.take(3);
    expect(reading.changes.at(-1)?.key).toBe('["251"]');
  },
  patience,
);

test.for([17, 18] as const)(
  'a publication that is dropped under way stops the stream, and the next one tells the gap: PostgreSQL %i',
  async (version) => {
    await using db = await createTestDatabase({ version });
    await db.query(`CREATE TABLE t (id int PRIMARY KEY)`);
    const pipeline = pipelineName();
    await using feed = await feedFor(db.url, { pipeline });
    const collections = [collection('t', ['id'])];
    await begun(feed, collections);
    await using reading = new Reading(feed, collections);
    await db.query(`INSERT INTO t VALUES (1)`);
    await reading.take(1);
    const { boundary } = reading;
    await db.query(`DROP PUBLICATION lockstep_${pipeline}`);
    await db.query(`INSERT INTO t VALUES (2)`);
    await reading.until(() => reading.failure !== null).catch(() => undefined);
    expect(reading.failure).toMatchObject({ code: 'postgres-publication-gone', class: 'transient' });
    await using next = new Reading(feed, collections, { resume: at(boundary) });
    await next.until(() => next.items.length > 0);
    expect(next.items[0]).toMatchObject({ kind: 'gap', collections: null });
    await db.query(`INSERT INTO t VALUES (3)`);
    expect((await next.take(1))[0]?.key).toBe('["3"]');
  },
);

test('tables of a publication for all tables are watched too', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY);
    CREATE PUBLICATION everything FOR ALL TABLES WITH (publish_via_partition_root = true)`);
  await using feed = await feedFor(db.url, { capture: { publication: 'everything' } });
  const collections = [collection('t', ['id']), collection('u', ['id'])];
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  await db.query(`INSERT INTO t VALUES (1)`);
  await reading.take(1);
  await db.query('DROP TABLE u');
  await reading.until(() => reading.items.some(({ kind }) => kind === 'barrier'));
  expect(reading.items.find(({ kind }) => kind === 'barrier')).toMatchObject({
    collections: ['u'],
    event: { kind: 'drop' },
  });
});

test('a table that is taken out of the publication is a gap at the next connection; a new column is none', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)`);
  const pipeline = pipelineName();
  await using feed = await feedFor(db.url, { pipeline });
  const collections = [collection('t', ['id']), collection('u', ['id'])];
  await begun(feed, collections);
  const first = new Reading(feed, collections);
  await db.query(`INSERT INTO t VALUES (1)`);
  await first.take(1);
  await first.until(() => first.items.length > 0);
  const { boundary } = first;
  await first.stop();
  await db.query(`ALTER TABLE t ADD COLUMN v int; INSERT INTO t VALUES (2)`);
  const second = new Reading(feed, collections, { resume: at(boundary) });
  await second.take(1);
  expect(second.items.filter(({ kind }) => kind === 'gap')).toEqual([]);
  const later = second.boundary;
  await second.stop();
  await db.query(`ALTER PUBLICATION lockstep_${pipeline} DROP TABLE u`);
  await using third = new Reading(feed, collections, { resume: at(later) });
  await third.until(() => third.items.length > 0);
  expect(third.items[0]).toMatchObject({
    kind: 'gap',
    gap: { from: later, reason: 'the publication lost (columns of) public.u' },
  });
  await db.query(`INSERT INTO u VALUES (1)`);
  await third.take(1);
  expect(await feed.prepare({ collections, signal: never })).toEqual([]);
});

test.for([17, 18] as const)(
  'somebody’s open change of one table holds up no other one: PostgreSQL %i',
  { timeout: patience },
  async (version) => {
    await using db = await createTestDatabase({ version });
    await db.query(`CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY);
      CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100)`);
    await using feed = await feedFor(db.url);
    const collections = [collection('t', null), collection('u', null), collection('p', null)];
    await begun(feed, collections);
    const changing = new pg.Client({ connectionString: db.url });
    await changing.connect();
    try {
      await changing.query('BEGIN; ALTER TABLE u ADD v int; ALTER TABLE p1 ADD CHECK (id >= 0)');
      await using reading = new Reading(feed, collections);
      await db.query('INSERT INTO t VALUES (1)');
      await reading.take(1);
      await changing.query('COMMIT');
      const told = () => reading.items.flatMap((item) => (item.kind === 'barrier' ? [item] : []));
      await reading.until(() => told().length > 0);
      expect(told()[0]).toMatchObject({ collections: ['u'], event: { kind: 'shape' } });
    } finally {
      await changing.end();
    }
  },
);

test(
  'a truncation explains one other file of its table: the next one is a table that was written anew',
  async () => {
    await using db = await createTestDatabase();
    await db.query(`CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE u (id int PRIMARY KEY)`);
    await using feed = await feedFor(db.url);
    const collections = [collection('t', null), collection('u', null)];
    await begun(feed, collections);
    await using reading = new Reading(feed, collections);
    await db.query('INSERT INTO t VALUES (1, 1)');
    await reading.take(1);
    const told = () =>
      reading.items.flatMap((item) =>
        item.kind === 'barrier' ? [`${item.collections} ${item.event.kind}`] : [],
      );
    // What happened to u shows that the catalogue was looked at.
    await db.query('BEGIN; TRUNCATE t; INSERT INTO t VALUES (2, 2); ALTER TABLE u ADD v int; COMMIT');
    await reading.until(() => told().includes('u shape') && told().includes('t truncate'));
    await db.query('ALTER TABLE t ALTER v TYPE int USING v * 2');
    await reading.until(() => told().includes('t compare'));
    expect(told().filter((each) => each === 't compare')).toHaveLength(1);
  },
  patience,
);
