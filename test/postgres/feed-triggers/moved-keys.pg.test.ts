import { expect, test } from 'vitest';
import { createTestDatabase } from '../../support/postgres.ts';
import { type FeedUnderTest, followFeed } from './feed-under-test.ts';

/** `2 → 20` a key that changed, `3` a row that was written, `4 gone` one that was deleted. */
const told = (feed: FeedUnderTest): readonly string[] =>
  feed.changes().map((change) => {
    const key = change.key.slice(2, -2);
    if ('previousKey' in change) return `${change.previousKey?.slice(2, -2)} → ${key}`;
    return 'gone' in change ? `${key} gone` : key;
  });

const table = `CREATE TABLE items (id int PRIMARY KEY, v int DEFAULT 0, part int DEFAULT 1);
  INSERT INTO items SELECT n FROM generate_series(1, 9) n`;
const last = 'INSERT INTO items VALUES (9999)';

test.for([
  [
    'an insert and an update',
    'INSERT INTO items VALUES (10); UPDATE items SET v = 1 WHERE id < 3',
    ['10', '1', '2'],
  ],
  ['a delete', 'DELETE FROM items WHERE id = 4', ['4 gone']],
  ['one key', 'UPDATE items SET id = 20 WHERE id = 2', ['2 → 20', '20']],
  [
    'some of many',
    'UPDATE items SET id = id + 20 * (id % 2), v = 1 WHERE id < 5',
    ['1 → 21', '3 → 23', '21', '2', '23', '4'],
  ],
  ['many rows whose keys stay', 'UPDATE items SET v = 2', ['1', '2', '3', '4', '5', '6', '7', '8', '9']],
  [
    'a merge',
    `MERGE INTO items USING (VALUES (1, 31), (2, 32), (40, 40)) AS s(id, t) ON items.id = s.id
     WHEN MATCHED THEN UPDATE SET id = s.t WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)`,
    ['40', '1 → 31', '2 → 32', '31', '32'],
  ],
] as const)('%s', async ([, sql, changes]) => {
  await using db = await createTestDatabase();
  await db.query(table);
  await using feed = await followFeed(db.url);
  await db.query(sql);
  await db.query(last);
  await feed.until(() => feed.keys().includes('["9999"]'), 'the last change');
  expect(told(feed).slice(0, -1).toSorted()).toEqual([...changes].toSorted());
  // No row may be read under its new key before it is known which one it is.
  const written = told(feed).findIndex((text) => changes.some((each) => each.endsWith(`→ ${text}`)));
  const moved = told(feed).findLastIndex((text) => text.includes('→'));
  if (moved >= 0) expect(written).toBeGreaterThan(moved);
  expect(feed.news()).toEqual([]);
});

test.each([17, 18] as const)(
  'each row with its own former key, however many there are: PostgreSQL %i',
  async (version) => {
    await using db = await createTestDatabase({ version });
    await db.query(`CREATE TABLE items (id int PRIMARY KEY, v text); CREATE TABLE others (id int, t int);
    INSERT INTO items SELECT n, repeat('v', 200) FROM generate_series(1, 6000) n;
    INSERT INTO others SELECT n, n + 100000 FROM generate_series(1, 6000) n ORDER BY random()`);
    await using feed = await followFeed(db.url);
    const client = await db.connect();
    await client.query(
      `SET work_mem = '64kB'; UPDATE items SET id = o.t FROM others o WHERE o.id = items.id AND o.id % 3 < 2`,
    );
    await client.end();
    await db.query('INSERT INTO items VALUES (999999)');
    await feed.until(() => feed.keys().includes('["999999"]'), 'the last change');
    const moves = told(feed).filter((text) => text.includes('→'));
    expect(moves).toHaveLength(4000);
    for (const text of moves) {
      const [from, to] = text.split(' → ').map(Number);
      expect(to).toBe((from ?? 0) + 100_000);
    }
  },
);

test('rows that go to another table partition, and ones that a trigger takes away there', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE items (id int PRIMARY KEY, v int DEFAULT 0) PARTITION BY RANGE (id);
    CREATE TABLE low PARTITION OF items FOR VALUES FROM (0) TO (100);
    CREATE TABLE high PARTITION OF items FOR VALUES FROM (100) TO (10000);
    INSERT INTO items SELECT n FROM generate_series(1, 5) n;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id = 104 THEN RETURN NULL; END IF; RETURN NEW; END';
    CREATE TRIGGER refuse BEFORE INSERT ON high FOR EACH ROW EXECUTE FUNCTION refuse()`);
  await using feed = await followFeed(db.url);
  await db.query('UPDATE items SET id = id + 100 WHERE id < 3');
  await db.query('UPDATE items SET id = id + 100 WHERE id < 6');
  await db.query(last);
  await feed.until(() => feed.keys().includes('["9999"]'), 'the last change');
  const all = told(feed).slice(0, -1);
  expect(all.slice(0, 4).toSorted()).toEqual(['1 → 101', '101', '102', '2 → 102']);
  expect(all.slice(4).toSorted()).toEqual(['103', '105', '3 gone', '4 gone', '5 gone']);
  expect(feed.news()).toEqual([]);
});

test('while the reader sleeps, it is woken by an update that changes keys', async () => {
  await using db = await createTestDatabase();
  await db.query(table);
  await using feed = await followFeed(db.url, { capture: { pollMs: 60_000 } });
  await feed.caughtUp();
  await db.query('UPDATE items SET id = 20 WHERE id = 2');
  await feed.until(() => feed.keys().includes('["20"]'), 'the change');
  expect(told(feed)).toEqual(['2 → 20', '20']);
});

test('a change that can’t be logged is a gap', async () => {
  await using db = await createTestDatabase();
  await db.query(table);
  await using feed = await followFeed(db.url);
  await feed.caughtUp();
  const { rows } = await db.query<{ log: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS log FROM pg_tables WHERE tablename ~ '^log_'`,
  );
  await db.query(`ALTER TABLE ${rows[0]?.log} ADD CHECK (op <> 'm') NOT VALID`);
  await db.query('UPDATE items SET id = 20 WHERE id = 2');
  await feed.until(() => feed.news().some((text) => text.startsWith('gap of all')), 'a gap');
});
