import { expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { failure, never, readerFor } from '../support.ts';
import { at, begun, collection, feedFor, pipelineName, Reading } from './support.ts';

const collections = [collection('t', ['id'])];
const keysOf = (reading: Reading): number[] => reading.changes.map(({ key }) => Number(key.slice(2, -2)));

async function makeTable(db: TestDatabase): Promise<void> {
  await db.query(`CREATE TABLE t (id int PRIMARY KEY, v text)`);
}

const slotOf = async (db: TestDatabase): Promise<{ confirmed: string; active: boolean } | undefined> =>
  (
    await db.query<{ confirmed: string; active: boolean }>(
      `SELECT confirmed_flush_lsn::text AS confirmed, active FROM pg_replication_slots WHERE database = current_database()`,
    )
  ).rows[0];

test('a stop at a boundary repeats nothing and loses nothing', async () => {
  await using db = await createTestDatabase();
  await makeTable(db);
  const pipeline = pipelineName();
  await using feed = await feedFor(db.url, { pipeline });
  await begun(feed, collections);
  const first = new Reading(feed, collections);
  await db.query(`INSERT INTO t SELECT generate_series(1, 100)`);
  await first.take(100);
  await first.until(() => first.items.some((item) => item.kind === 'batch' && item.boundary !== null));
  const boundary = first.boundary;
  await first.stop();
  expect(first.failure).toBeNull();
  await db.query(`INSERT INTO t SELECT generate_series(101, 200)`);
  await using again = await feedFor(db.url, { pipeline });
  expect(await again.prepare({ collections, signal: never })).toEqual([]);
  await using second = new Reading(again, collections, { resume: at(boundary) });
  await second.take(100);
  await db.query(`INSERT INTO t VALUES (201)`);
  await second.take(101);
  expect(keysOf(second)).toEqual(Array.from({ length: 101 }, (_, index) => index + 101));
});

test('only what was acknowledged is forgotten by the server', async () => {
  await using db = await createTestDatabase();
  await makeTable(db);
  await using feed = await feedFor(db.url);
  const from = await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  await db.query(`INSERT INTO t VALUES (1)`);
  await reading.take(1);
  const first = reading.boundary;
  await db.query(`INSERT INTO t VALUES (2)`);
  await reading.take(2);
  const confirmedAt = async () => (await slotOf(db))?.confirmed ?? '';
  const lsn = (position: string) => position.slice(position.lastIndexOf('@') + 1);
  // Several status updates pass without moving it.
  await db.query('SELECT pg_sleep(1.5)');
  expect(await confirmedAt()).toBe(lsn(from));
  feed.acknowledge('main', 1, first);
  await until(async () => (await confirmedAt()) === lsn(first));
  feed.acknowledge('main', 1, from);
  await db.query('SELECT pg_sleep(1.5)');
  expect(await confirmedAt()).toBe(lsn(first));
  const { bytes, waitingFor } = await feed.retained({ signal: never });
  expect(bytes).toBeGreaterThan(0);
  expect(waitingFor).toEqual([]);
});

test('the server hears of us while nothing is taken, and nothing is lost by it', async () => {
  await using db = await createTestDatabase();
  await db.query(`ALTER DATABASE ${db.name} SET wal_sender_timeout = '1s'`);
  await makeTable(db);
  await using feed = await feedFor(db.url);
  const wide = [collection('t', ['id', 'v'])];
  await begun(feed, wide);
  await using reading = new Reading(feed, wide, { byteBudget: 65_536 });
  const release = reading.hold();
  await db.query(`INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 50000) i`);
  await reading.until(() => reading.items.length > 0);
  await db.query('SELECT pg_sleep(4)');
  expect((await slotOf(db))?.active).toBe(true);
  release();
  await reading.take(50_000);
  expect(reading.failure).toBeNull();
});

test('keepalives carry what happened elsewhere, so that an idle feed reaches the head', async () => {
  await using db = await createTestDatabase();
  await makeTable(db);
  await db.query('CREATE TABLE other (id int)');
  await using feed = await feedFor(db.url);
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  for (let round = 0; round < 3; round += 1) {
    await db.query(`INSERT INTO other SELECT generate_series(1, 100)`);
    const through = (await feed.head('through', { signal: never })).positions.get('main') ?? '';
    await reading.until(() => {
      const last = reading.items.at(-1);
      return (
        last?.kind === 'batch' &&
        last.boundary !== null &&
        feed.order('main', last.boundary, through) !== 'before'
      );
    }, 'the head');
  }
  expect(reading.changes).toEqual([]);
  expect(reading.items.length).toBeLessThan(12);
  const last = reading.items.at(-1);
  expect(last?.kind === 'batch' && Math.abs((last.committedAtMs ?? 0) - Date.now())).toBeLessThan(20_000);
});

test('a lost connection is an error, never an end', async () => {
  await using db = await createTestDatabase();
  await makeTable(db);
  await using feed = await feedFor(db.url);
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  await db.query(`INSERT INTO t VALUES (1)`);
  await reading.take(1);
  await db.query(
    `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = current_database()`,
  );
  await until(async () => reading.failure !== null);
  expect(reading.failure).toMatchObject({ code: 'connection-lost', class: 'transient' });
});

test('a second reader of the same pipeline takes over; another’s slot is left alone', async () => {
  await using db = await createTestDatabase();
  await makeTable(db);
  const pipeline = pipelineName();
  await using feed = await feedFor(db.url, { pipeline });
  await begun(feed, collections);
  await using first = new Reading(feed, collections);
  await db.query(`INSERT INTO t VALUES (1)`);
  await first.take(1);
  await using heir = await feedFor(db.url, { pipeline });
  await using second = new Reading(heir, collections);
  await second.take(1);
  expect(first.failure).toMatchObject({ code: 'connection-lost' });
  const slot = `lockstep_${pipeline}`;
  await using stranger = await feedFor(db.url, { capture: { slot } });
  const stolen = stranger.open(new Map(), { collections, byteBudget: 1 << 20, signal: never });
  const error = await failure(stolen[Symbol.asyncIterator]().next(), 'postgres-slot-in-use');
  expect(error.class).toBe('transient');
  await db.query(`INSERT INTO t VALUES (2)`);
  await second.take(2);
}, 20_000);

test('what is read after head(from) shows everything before it, also what is in the log and not yet seen', async () => {
  await using db = await createTestDatabase();
  await makeTable(db);
  const told: string[] = [];
  await using feed = await feedFor(db.url, { notice: ({ message }) => told.push(message) });
  await begun(feed, collections);
  const client = await db.connect({ application_name: 'slow writer' });
  await client.query('BEGIN; INSERT INTO t VALUES (1)');
  const head = feed.head('from', { signal: never });
  await until(async () => told.length > 0, 10_000);
  expect(told[0]).toMatch(/slow writer/);
  await client.query('COMMIT');
  await head;
  await using reader = readerFor(db.url);
  const rows = await reader.latest().lookup('t', ['["1"]'], {
    selection: { columns: [{ name: 'id', from: { column: 'id' }, as: null }], filter: null },
    keyColumns: ['id'],
    notBefore: null,
    signal: never,
  });
  expect(rows.get('["1"]')).toEqual({ id: 1 });
}, 20_000);

async function until(state: () => Promise<boolean>, patienceMs = 10_000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await state())) {
    if (Date.now() > deadline) throw new Error(`never came: ${String(state)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
