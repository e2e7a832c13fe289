import { expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { followFeed, openFeed } from './feed-under-test.ts';

const create = 'CREATE TABLE items (id int PRIMARY KEY, v int)';
const unlogged =
  'gap of all: changes could not be logged: the log was full, locked, or somebody took rows out of it';

/** Damage to the log, and how it is told. The application goes on in any case. */
const damages: readonly (readonly [string, string, string])[] = [
  ['the log is dropped', 'DROP TABLE lockstep.log_shop', 'gap of all: the change log was made anew'],
  ['all of ours is dropped', 'DROP SCHEMA lockstep CASCADE', 'gap of all: the change log was made anew'],
  [
    'a column of the log is dropped',
    'ALTER TABLE lockstep.log_shop DROP COLUMN key',
    'gap of all: the change log was made anew',
  ],
  [
    'the gap sequence is dropped',
    'DROP SEQUENCE lockstep.gap_shop',
    'gap of all: the change log was made anew',
  ],
  ['the log is truncated', 'TRUNCATE lockstep.log_shop', unlogged],
  ['rows of the log are deleted', 'DELETE FROM lockstep.log_shop', unlogged],
];

test.for(damages)('%s: writers go on, and it is a gap', async ([, damage, gap]) => {
  await using db = await createTestDatabase();
  await db.query(create);
  await using feed = await followFeed(db.url, { acknowledges: false });
  await db.query('INSERT INTO items VALUES (1)');
  await feed.caughtUp();
  await db.query(damage);
  await db.query('INSERT INTO items VALUES (2)');
  await feed.until(() => feed.news().includes(gap), 'the gap');
  await db.query('INSERT INTO items VALUES (3)');
  await feed.until(() => feed.keys().includes('["3"]'), 'what was written after the gap');
});

test.for(damages)('while nobody reads, %s', async ([, damage, gap]) => {
  await using db = await createTestDatabase();
  await db.query(create);
  await using feed = await followFeed(db.url, { acknowledges: false });
  await db.query('INSERT INTO items VALUES (1)');
  await feed.caughtUp();
  await feed.stop();
  await db.query('INSERT INTO items VALUES (2)');
  await db.query(damage);
  await db.query('INSERT INTO items VALUES (3)');
  await using again = await openFeed(db.url, { resume: feed.position });
  await again.feed.prepare(again.request);
  again.start();
  await again.until(() => again.news().includes(gap), 'the gap');
});

test('a right on the log that is taken away: writers go on, and it is a gap', async () => {
  await using db = await createTestDatabase();
  const role = await db.createRole();
  await db.query(
    `CREATE SCHEMA lockstep AUTHORIZATION "${role}"; GRANT ALL ON SCHEMA public TO "${role}"; SET ROLE "${role}"; ${create}; RESET ROLE`,
  );
  await using feed = await followFeed(db.urlFor({ user: role }));
  await db.query(`REVOKE INSERT ON lockstep.log_shop FROM "${role}"`);
  await db.query('INSERT INTO items VALUES (1)');
  await feed.until(() => feed.news().some((text) => text.startsWith('gap of all: changes')), 'the gap');
});

test('a log that somebody locks holds writers up for the patience of the triggers, not longer', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  await using feed = await followFeed(db.url);
  const holder = await db.connect();
  await holder.query('BEGIN; LOCK TABLE lockstep.log_shop IN SHARE MODE');
  const startedAt = performance.now();
  await db.query('INSERT INTO items VALUES (1)');
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  await holder.query('ROLLBACK');
  await feed.until(() => feed.news().includes(unlogged), 'the gap');
});

test('a gap is told only once the transaction that made it is over', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  await using feed = await followFeed(db.url);
  const holder = await db.connect();
  const writer = await db.connect();
  await holder.query('BEGIN; LOCK TABLE lockstep.log_shop IN SHARE MODE');
  await writer.query('BEGIN; INSERT INTO items VALUES (1)');
  await holder.query('ROLLBACK');
  const { rows } = await db.query<{ moved: string }>(
    `SELECT pg_sequence_last_value('lockstep.gap_shop') AS moved`,
  );
  expect(rows[0]?.moved).toBe('1');
  const before = feed.told.length;
  await feed.until(() => feed.told.length > before + 2, 'some more looks at the log');
  expect(feed.news()).toEqual([]);
  await writer.query('COMMIT');
  await feed.until(() => feed.news().includes(unlogged), 'the gap');
});

test('a full log stops growing; the reader is told one gap or two, and it goes on', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  await using feed = await followFeed(db.url, { capture: { maxLogRows: 1_000 } });
  await feed.caughtUp();
  await feed.stop();
  for (let round = 0; round < 30; round += 1)
    await db.query(`INSERT INTO items SELECT generate_series(${round * 100}, ${round * 100 + 99})`);
  const { rows } = await db.query<{ held: number }>('SELECT count(*)::int4 AS held FROM lockstep.log_shop');
  expect(rows[0]?.held).toBeLessThanOrEqual(1_100);
  const { bytes, limitBytes } = await feed.feed.retained(feed.request);
  expect(bytes).toBe(limitBytes);
  await using again = await openFeed(db.url, { capture: { maxLogRows: 1_000 }, resume: feed.position });
  again.start();
  await again.until(() => again.news().includes(unlogged), 'the gap');
  await expect.poll(async () => (await again.feed.retained(again.request)).bytes, { timeout: 5_000 }).toBe(0);
  await db.query('INSERT INTO items VALUES (1000000)');
  await again.until(() => again.keys().includes('["1000000"]'), 'a change after it');
  expect(again.news().length).toBeLessThanOrEqual(2);
});

test('a log above its age stops growing', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  await using feed = await openFeed(db.url, { capture: { maxLogAgeMs: 1_000 } });
  await feed.feed.prepare(feed.request);
  await feed.head('from');
  await db.query('INSERT INTO items SELECT generate_series(1, 64)');
  await expect
    .poll(
      async () => {
        await db.query('UPDATE items SET v = 1 WHERE id <= 64');
        return (await gapOf(db)) > 0;
      },
      { timeout: 10_000, interval: 100 },
    )
    .toBe(true);
  const { rows } = await db.query<{ held: number }>('SELECT count(*)::int4 AS held FROM lockstep.log_shop');
  await db.query('UPDATE items SET v = 2');
  const after = await db.query<{ held: number }>('SELECT count(*)::int4 AS held FROM lockstep.log_shop');
  expect(after.rows[0]?.held).toBe(rows[0]?.held);
});

test('the age of a log begins with its first row, also when that is news of a table', async () => {
  await using db = await createTestDatabase();
  await db.query(create);
  await using feed = await followFeed(db.url);
  await db.query(`SELECT setval('lockstep.lowat_shop', 1)`);
  await db.query('ALTER TABLE items ADD COLUMN w int');
  await feed.until(() => feed.news().length > 0, 'the news');
  await db.query('INSERT INTO items VALUES (1)');
  await feed.until(() => feed.keys().length === 1, 'the row');
  expect(feed.news()).toEqual(['shape: column w integer was added']);
});

async function gapOf(db: TestDatabase): Promise<number> {
  const { rows } = await db.query<{ gap: number }>(
    `SELECT coalesce(pg_sequence_last_value('lockstep.gap_shop'), 0)::int4 AS gap`,
  );
  return rows[0]?.gap ?? 0;
}

const foreign: readonly (readonly [string, (position: string) => string, string])[] = [
  [
    'of another server',
    (position) => position.replace(/\/\d+\/(\d+)\/([^/]+)$/, '/1/$1/$2'),
    'another server',
  ],
  ['of another timeline', (position) => position.replace(/\/\d+\/([^/]+)$/, '/99/$1'), 'another server'],
  [
    'of another log',
    (position) => position.replace(/[0-9a-f-]{36}/, '00000000-0000-4000-8000-000000000000'),
    'made anew',
  ],
  [
    'ahead of the source',
    (position) => position.replace(/^log1\/\d+/, 'log1/9999999999'),
    'restored from an older copy',
  ],
  [
    'before what was taken out',
    (position) => position.replace(/^log1\/\d+/, 'log1/3'),
    'taken out of the log',
  ],
];

test.for(foreign)('a position %s is a gap', async ([, alter, reason]) => {
  await using db = await createTestDatabase({ version: 17 });
  await db.query(create);
  await using feed = await followFeed(db.url);
  await db.query('INSERT INTO items VALUES (1)');
  await feed.caughtUp();
  await expect
    .poll(async () => (await db.query('SELECT FROM lockstep.log_shop')).rowCount, { timeout: 5_000 })
    .toBe(0);
  await feed.stop();
  await using again = await openFeed(db.url, { resume: alter(feed.position) });
  again.start();
  await again.until(() => again.news().length > 0, 'the gap');
  expect(again.news()[0]).toContain(reason);
  await db.query('INSERT INTO items VALUES (2)');
  await again.caughtUp();
  expect(again.keys()).toEqual(['["2"]']);
});
