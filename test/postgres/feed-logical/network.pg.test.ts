import { expect, test } from 'vitest';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { begun, collection, feedFor, Reading } from './support.ts';

const collections = [collection('t', ['id'])];

test('a half-open connection is noticed, an idle one is not taken for it, and both go on', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE t (id int PRIMARY KEY)`);
  await using proxy = await startFaultProxy(db.url);
  await using feed = await feedFor(proxy.url(db.url), { stallTimeoutMs: 1000, connectTimeoutMs: 1000 });
  await begun(feed, collections);
  await using reading = new Reading(feed, collections);
  await db.query(`INSERT INTO t VALUES (1)`);
  await reading.take(1);
  // Idle for several times the patience.
  await db.query('SELECT pg_sleep(4)');
  expect(reading.failure).toBeNull();
  proxy.halfOpen();
  await reading.until(() => reading.failure !== null).catch(() => undefined);
  expect(reading.failure).toMatchObject({ code: 'connection-stalled', class: 'transient' });
  await proxy.heal();
  await using again = new Reading(feed, collections);
  expect((await again.take(1))[0]?.key).toBe('["1"]');
}, 30_000);

test('a connection that is cut in the middle of a transaction is an error, and the transaction comes again whole', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE t (id int PRIMARY KEY, v text)`);
  await using proxy = await startFaultProxy(db.url);
  await using feed = await feedFor(proxy.url(db.url));
  const wide = [collection('t', ['id', 'v'])];
  await begun(feed, wide);
  await using reading = new Reading(feed, wide);
  await db.query(`INSERT INTO t VALUES (0)`);
  await reading.take(1);
  const cut = proxy.cutAfter(1_000_000, { direction: 'toClient' });
  await db.query(`INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 10000) i`);
  await cut;
  await reading.until(() => reading.failure !== null).catch(() => undefined);
  expect(reading.failure).toMatchObject({ code: 'connection-lost' });
  expect(reading.items.findLast((item) => item.kind === 'batch' && item.changes.length > 0)).toMatchObject({
    boundary: null,
  });
  await proxy.heal();
  const { boundary } = reading;
  await using again = new Reading(feed, wide, { resume: new Map([['main', boundary]]) });
  const changes = await again.take(10_000);
  expect(changes[0]?.key).toBe('["1"]');
  expect(new Set(changes.map(({ key }) => key)).size).toBe(10_000);
}, 30_000);
