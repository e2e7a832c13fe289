import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FeedItem } from '../../../src/protocol/feed.ts';
import type { Position } from '../../../src/protocol/names.ts';
import { startOwnServer } from '../../faults/support/own-server.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { never } from '../support.ts';
import { at, begun, collection, feedFor, pipelineName, Reading } from './support.ts';

const collections = [collection('t', ['id'])];

interface Source {
  readonly url: string;
  query(sql: string): Promise<unknown>;
}

/** A pipeline that read one row, acknowledged nothing, and stopped. */
async function stopped(db: Source, pipeline: string): Promise<Position> {
  await db.query(`CREATE TABLE t (id int PRIMARY KEY)`);
  await using feed = await feedFor(db.url, { pipeline });
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  await db.query(`INSERT INTO t VALUES (1)`);
  await reading.take(1);
  await reading.until(() => reading.items.some((item) => item.kind === 'batch' && item.boundary !== null));
  const { boundary } = reading;
  return boundary;
}

/** The pipeline starts again: its first item, and a change after it. */
async function restarted(db: Source, pipeline: string, resume: Position): Promise<FeedItem | undefined> {
  await using feed = await feedFor(db.url, { pipeline });
  await feed.prepare({ collections, signal: never });
  await using reading = new Reading(feed, collections, { resume: at(resume) });
  await reading.until(() => reading.items.length > 0);
  await db.query(`INSERT INTO t VALUES (1000)`);
  await reading.until(() => reading.changes.some(({ key }) => key === '["1000"]'));
  return reading.items[0];
}

const dropSlot = `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()`;

test('a slot that was dropped is a gap from where we were to the new one', async () => {
  await using db = await createTestDatabase();
  const pipeline = pipelineName();
  const resume = await stopped(db, pipeline);
  await db.query(dropSlot);
  await db.query(`INSERT INTO t VALUES (2)`);
  const item = await restarted(db, pipeline, resume);
  expect(item).toMatchObject({ kind: 'gap', gap: { shard: 'main', from: resume }, collections: null });
});

test('a slot that was dropped while we were running is made anew by open alone, and told', async () => {
  await using db = await createTestDatabase();
  const pipeline = pipelineName();
  const resume = await stopped(db, pipeline);
  await using feed = await feedFor(db.url, { pipeline });
  await db.query(dropSlot);
  await using reading = new Reading(feed, collections, { resume: at(resume) });
  await reading.until(() => reading.items.length > 0);
  expect(reading.items[0]).toMatchObject({ kind: 'gap', gap: { from: resume, reason: 'the slot is gone' } });
  await db.query(`INSERT INTO t VALUES (2)`);
  await reading.take(1);
});

test('a slot that somebody moved on is a gap up to where it stands', async () => {
  await using db = await createTestDatabase();
  const pipeline = pipelineName();
  const resume = await stopped(db, pipeline);
  await db.query(`INSERT INTO t VALUES (2)`);
  await db.query(
    `SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) FROM pg_replication_slots WHERE database = current_database()`,
  );
  const item = await restarted(db, pipeline, resume);
  expect(item).toMatchObject({ kind: 'gap', gap: { from: resume } });
  expect(item?.kind === 'gap' && item.gap.reason).toMatch(/moved on/);
});

test('a position ahead of the log is a gap: the server was restored from an older copy', async () => {
  await using db = await createTestDatabase();
  const pipeline = pipelineName();
  const resume = await stopped(db, pipeline);
  const ahead = resume.replace(/@.*$/, '@FFFF/0');
  const item = await restarted(db, pipeline, ahead);
  expect(item).toMatchObject({ kind: 'gap', gap: { from: ahead } });
  expect(item?.kind === 'gap' && item.gap.reason).toMatch(/restored/);
});

test('a position of another server is a gap', async () => {
  await using db = await createTestDatabase();
  const pipeline = pipelineName();
  const resume = (await stopped(db, pipeline)).replace(/^\d+/, '1234');
  const item = await restarted(db, pipeline, resume);
  expect(item?.kind === 'gap' && item.gap.reason).toMatch(/another server/);
});

test('a publication that was dropped is a gap, and the feed goes on', async () => {
  await using db = await createTestDatabase();
  const pipeline = pipelineName();
  const resume = await stopped(db, pipeline);
  await db.query(`DROP PUBLICATION lockstep_${pipeline}`);
  await db.query(`INSERT INTO t VALUES (2)`);
  const item = await restarted(db, pipeline, resume);
  expect(item).toMatchObject({ kind: 'gap', gap: { from: resume } });
});

test('a slot that the server gave up is made anew', async () => {
  await using own = await startOwnServer({
    version: 18,
    initdbArguments: ['--wal-segsize=1'],
    settings: { max_slot_wal_keep_size: '1MB', min_wal_size: '2MB', max_wal_size: '4MB' },
  });
  const db = { url: own.url, query: own.query };
  const pipeline = pipelineName();
  const resume = await stopped(db, pipeline);
  await db.query(`CREATE TABLE noise (v text)`);
  const lost = async () =>
    (await own.query<{ lost: boolean }>(`SELECT wal_status = 'lost' AS lost FROM pg_replication_slots`))[0]
      ?.lost === true;
  for (let round = 0; round < 20 && !(await lost()); round += 1) {
    await db.query(`INSERT INTO noise SELECT repeat('x', 1000) FROM generate_series(1, 4000)`);
    await db.query('CHECKPOINT');
  }
  expect(await lost()).toBe(true);
  const item = await restarted(db, pipeline, resume);
  expect(item?.kind === 'gap' && item.gap.reason).toMatch(/invalidated/);
}, 60_000);

test('another timeline is no gap where history goes on from our place, and one where it left before', async () => {
  await using own = await startOwnServer({ version: 18 });
  const db = { url: own.url, query: own.query };
  const pipeline = pipelineName();
  const resume = await stopped(db, pipeline);
  await own.server.stop();
  await writeFile(join(own.server.dataDirectory, 'standby.signal'), '');
  await own.server.start();
  await own.query('SELECT pg_promote()');
  await using feed = await feedFor(db.url, { pipeline });
  const identity = await feed.identity({ signal: never });
  expect(identity.id).not.toBe(resume.slice(0, resume.lastIndexOf('@')));
  {
    await using reading = new Reading(feed, collections, { resume: at(resume) });
    await own.query(`INSERT INTO t VALUES (2)`);
    await reading.take(1);
    expect(reading.items.filter((item) => item.kind === 'gap')).toEqual([]);
  }
  await own.query('CHECKPOINT');
  const { positions } = await feed.head('through', { signal: never });
  const beyond = `${resume.slice(0, resume.lastIndexOf('@'))}@${(positions.get('main') ?? '').replace(/^.*@/, '')}`;
  await using later = new Reading(feed, collections, { resume: at(beyond) });
  await later.until(() => later.items.length > 0);
  expect(later.items[0]?.kind === 'gap' && later.items[0].gap.reason).toMatch(/timeline 1 was left/);
}, 60_000);
