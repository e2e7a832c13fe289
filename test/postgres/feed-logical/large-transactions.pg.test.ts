import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { spillDirectory } from '../../../src/connectors/postgres/feed/logical/stream/begin-stream.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { begun, collection, feedFor, Reading } from './support.ts';

/** The server sends a transaction before its end once it holds more than this; the least that it takes. */
const streamEarly = async (db: TestDatabase): Promise<void> => {
  await db.query(`ALTER DATABASE ${db.name} SET logical_decoding_work_mem = '64kB'`);
};

const spilled = (): string[] =>
  existsSync(spillDirectory())
    ? readdirSync(spillDirectory(), { recursive: true })
        .map(String)
        .filter((name) => name.startsWith(`${process.pid}-`))
    : [];

test('a large transaction waits on disk for its end; what was rolled back in it is never told', async () => {
  await using db = await createTestDatabase();
  await streamEarly(db);
  await db.query(`CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TABLE t (id int PRIMARY KEY, v text, m mood);
    CREATE TABLE late (id int PRIMARY KEY)`);
  await using feed = await feedFor(db.url);
  const collections = [collection('t', ['id', 'v', 'm']), collection('late', ['id'])];
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  const client = await db.connect();
  const rows = (from: number, to: number) =>
    `INSERT INTO t SELECT i, repeat('x', 200), 'happy' FROM generate_series(${from}, ${to}) i`;
  await client.query('BEGIN');
  await client.query(rows(1, 5000));
  await client.query(`SAVEPOINT a; ${rows(5001, 9000)}; INSERT INTO late VALUES (1); ROLLBACK TO a`);
  await client.query(`SAVEPOINT b; ${rows(9001, 12_000)}; RELEASE b`);
  await client.query('INSERT INTO late VALUES (2)');
  // Another one, which ends first and is told first.
  await db.query(`INSERT INTO late VALUES (3)`);
  await reading.take(1);
  await reading.until(() => spilled().length >= 2, 'a file of the transaction');
  await client.query('COMMIT');
  await db.query(`INSERT INTO late VALUES (4)`);
  const changes = await reading.take(8003);
  const keys = changes
    .filter((change) => change.collection === 't')
    .map(({ key }) => Number(key.slice(2, -2)));
  expect(keys).toEqual([...range(1, 5000), ...range(9001, 12_000)]);
  expect(changes.filter((change) => change.collection === 'late').map(({ key }) => key)).toEqual([
    '["3"]',
    '["2"]',
    '["4"]',
  ]);
  expect(changes[1]).toMatchObject({ kind: 'insert', row: { id: 1, v: 'x'.repeat(200), m: 'happy' } });
  expect(new Set(changes.slice(1, 8002).map(({ meta }) => meta)).size).toBe(1);
  expect(changes[1]?.meta.committedAtMs).toBeGreaterThan(changes[0]?.meta.committedAtMs ?? 0);
  const batches = reading.items.flatMap((item) =>
    item.kind === 'batch' && item.changes.length > 0 ? [item] : [],
  );
  for (const batch of batches) expect(batch.changes.length).toBeLessThanOrEqual(2000);
  expect(batches.slice(1, 5).map(({ boundary }) => boundary === null)).toEqual([true, true, true, true]);
  expect(spilled().length).toBe(1);
  await reading.stop();
  expect(spilled()).toEqual([]);
});

test('a large transaction that is rolled back leaves nothing', async () => {
  await using db = await createTestDatabase();
  await streamEarly(db);
  await db.query(`CREATE TABLE t (id int PRIMARY KEY, v text)`);
  await using feed = await feedFor(db.url);
  const collections = [collection('t', ['id', 'v'])];
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  await db.query(`BEGIN; INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, 5000) i`);
  await reading.until(() => spilled().length >= 2, 'a file of the transaction');
  await db.query('ROLLBACK; INSERT INTO t VALUES (0)');
  expect((await reading.take(1)).map(({ key }) => key)).toEqual(['["0"]']);
  await reading.until(() => spilled().length === 1, 'no file');
});

test('a column that is added inside of a large transaction is a barrier at its place', async () => {
  await using db = await createTestDatabase();
  await streamEarly(db);
  await db.query(`CREATE TABLE t (id int PRIMARY KEY, v text)`);
  await using feed = await feedFor(db.url);
  const collections = [collection('t', ['id', 'v'])];
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  const rows = (from: number, to: number) =>
    `INSERT INTO t (id, v) SELECT i, repeat('x', 200) FROM generate_series(${from}, ${to}) i`;
  await db.query(`BEGIN; ${rows(1, 3000)}; ALTER TABLE t ADD COLUMN w int; ${rows(3001, 6000)}; COMMIT`);
  await reading.take(6000);
  const place = reading.items.findIndex((item) => item.kind === 'barrier');
  const before = reading.items.slice(0, place).flatMap((item) => (item.kind === 'batch' ? item.changes : []));
  expect(before.length).toBe(3000);
});

test('two large transactions side by side keep apart', async () => {
  await using db = await createTestDatabase();
  await streamEarly(db);
  await db.query(`CREATE TABLE t (id int PRIMARY KEY, v text)`);
  await using feed = await feedFor(db.url);
  const collections = [collection('t', ['id'])];
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  const [a, b] = [await db.connect(), await db.connect()];
  await Promise.all([a.query('BEGIN'), b.query('BEGIN')]);
  for (let part = 0; part < 10; part += 1) {
    await a.query(
      `INSERT INTO t SELECT i, repeat('a', 100) FROM generate_series(${part * 1000}, ${part * 1000 + 999}) i`,
    );
    await b.query(
      `INSERT INTO t SELECT i, repeat('b', 100) FROM generate_series(${20_000 + part * 1000}, ${20_999 + part * 1000}) i`,
    );
  }
  await b.query('COMMIT');
  await a.query('COMMIT');
  const keys = (await reading.take(20_000)).map(({ key }) => Number(key.slice(2, -2)));
  expect(keys).toEqual([...range(20_000, 29_999), ...range(0, 9999)]);
});

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
