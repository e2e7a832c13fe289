import { describe, expect, test } from 'vitest';
import { describeTable } from '../../src/connectors/postgres/catalog/describe-table.ts';
import { startOf } from '../../src/connectors/postgres/reader/since/range.ts';
import { tableColumn } from '../../src/connectors/postgres/reader/since/table-column.ts';
import { never, poolFor } from '../postgres/support.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { cursor, items, openIncremental } from './pair.ts';

const all = { mode: 'incremental', comparison: 'off', create: true } as const;

test('rows of one time over the border of a piece are all read, and those a microsecond apart too', async () => {
  await using pair = await openIncremental({ settings: { rowsPerPartition: 100 } });
  await pair.source.query(`INSERT INTO items SELECT n, 'one time' FROM generate_series(100, 1099) AS n`);
  await pair.source.query(
    `INSERT INTO items SELECT n, 'apart', now() - n * interval '1 microsecond' FROM generate_series(2000, 2999) AS n`,
  );
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal', collections: [{ inserted: 2000 }] });
  expect(await pair.expectSame('items')).toBe(2010);
});

test('a copy of which much is older than a piece goes on from where it was stopped', async () => {
  await using pair = await openIncremental({
    sql: `CREATE TABLE items (id int PRIMARY KEY, v text, version bigserial NOT NULL);
      INSERT INTO items SELECT n, 'v' FROM generate_series(1, 10) AS n`,
    collections: { items: { cursor: { column: 'version' } } },
    settings: { rowsPerPartition: 100 },
  });
  await pair.source.query(`INSERT INTO items SELECT n, 'v' FROM generate_series(100, 2099) AS n`);
  const stopping = new AbortController();
  const off = pair.lockstep.events.on('rows.done', () => stopping.abort(new Error('enough')));
  await expect(pair.lockstep.run('it', { signal: stopping.signal })).rejects.toMatchObject({
    code: 'interrupted',
  });
  off();
  const before = await pair.target.query('SELECT FROM items');
  expect(before.rowCount).toBeGreaterThan(10);
  const result = await pair.lockstep.run('it');
  expect(result.collections[0]?.sourceRows).toBeLessThan(2000);
  expect(await pair.expectSame('items')).toBe(2010);
});

test('rows without a value are read in every pass', async () => {
  await using pair = await openIncremental({
    sql: `CREATE TABLE items (id int PRIMARY KEY, v text, updated_at timestamptz); CREATE INDEX ON items (updated_at);
      INSERT INTO items SELECT n, 'v', CASE WHEN n > 5 THEN now() - interval '1 day' END FROM generate_series(1, 10) AS n`,
  });
  await pair.source.query(
    `UPDATE items SET v = 'new' WHERE id IN (2, 7); UPDATE items SET updated_at = now() WHERE id = 8`,
  );
  await pair.source.query(`UPDATE items SET updated_at = 'infinity', v = 'later' WHERE id = 9`);
  expect(await pair.lockstep.run('it')).toMatchObject({ collections: [{ sourceRows: 7, updated: 3 }] });
  const { rows } = await pair.target.query('SELECT id FROM items WHERE v = $1', ['new']);
  expect(rows, 'what changed without its cursor waits for a comparison').toEqual([{ id: 2 }]);
  await pair.lockstep.run('it', { compare: true });
  await pair.expectSame('items');
});

test('small numbers, and a sequence that is drawn from for updates too', async () => {
  await using pair = await openIncremental({
    sql: `CREATE TABLE items (id int PRIMARY KEY, v text, version smallserial NOT NULL);
      INSERT INTO items (id, v) SELECT n, 'v' FROM generate_series(1, 10) AS n`,
    collections: { items: { cursor: { column: 'version', overlap: 2 } } },
  });
  await pair.source.query(`UPDATE items SET v = 'new', version = nextval('items_version_seq') WHERE id = 3`);
  expect(await pair.lockstep.run('it')).toMatchObject({ collections: [{ sourceRows: 4, updated: 1 }] });
  await pair.expectSame('items');
});

describe('times without a zone', () => {
  const local = `CREATE TABLE items (id int PRIMARY KEY, v text, updated_at timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'America/New_York'));
    CREATE INDEX ON items (updated_at); INSERT INTO items SELECT n, 'v' FROM generate_series(1, 10) AS n`;

  test('are read by the zone that the configuration names', async () => {
    const zoned = { ...cursor, timeZone: 'America/New_York' };
    await using pair = await openIncremental({ sql: local, collections: { items: { cursor: zoned } } });
    await pair.source.query(`INSERT INTO items SELECT n, 'new' FROM generate_series(11, 20) AS n`);
    expect(await pair.lockstep.run('it')).toMatchObject({ collections: [{ inserted: 10 }] });
    await pair.expectSame('items');
  });

  test('without a zone nothing is run', async () => {
    await using pair = await openIncremental();
    await pair.source.query('ALTER TABLE items ALTER updated_at TYPE timestamp');
    const engine = await pair.engine({ ...all, collections: { items: { cursor } } });
    await expect(engine.run('it')).rejects.toMatchObject({ code: 'not-ready' });
    const [checked] = await engine.check('it');
    expect(checked?.findings.map(({ code }) => code)).toContain('cursor-zone-missing');
  });

  // In New York clocks were set back on 2025-11-02 at 06:00 UTC, from 02:00 to 01:00, and set forward on 2026-03-08 at 07:00 UTC.
  test.each([
    ['an ordinary day', '2025-10-15T12:00:00Z', '2025-10-15 08:00:00'],
    ['the hour before it is repeated', '2025-11-02T05:30:00Z', '2025-11-02 00:30:00'],
    ['the repeated hour', '2025-11-02T06:30:00Z', '2025-11-02 01:30:00'],
    ['a day before clocks are set back', '2025-11-01T06:00:00Z', '2025-11-01 01:00:00'],
    ['long before', '2025-10-30T06:00:00Z', '2025-10-30 02:00:00'],
    ['before clocks are set forward', '2026-03-08T06:59:59Z', '2026-03-08 01:59:59'],
    ['after they were', '2026-03-08T07:00:00Z', '2026-03-08 03:00:00'],
  ])('%s: nothing that is written from then on has an earlier time', async (_, moment, wall) => {
    await using db = await createTestDatabase();
    await db.query('CREATE TABLE items (id int, updated_at timestamp)');
    await using pool = poolFor(db.url);
    await using session = await pool.open({ signal: never });
    const signal = never;
    const table = await describeTable(session, { schema: 'public', table: 'items' }, { signal });
    const column = table === null ? null : tableColumn(table, 'updated_at');
    if (column === null) throw new Error('no such column');
    const settings = { column: 'updated_at', overlap: '1s', timeZone: 'America/New_York' };
    // The overlap is a second, which is taken off.
    const low = BigInt(Date.parse(moment) + 1000) * 1000n;
    expect(await startOf(session, { low, column, settings }, { signal, collection: 'items' })).toBe(
      `'${wall}'::pg_catalog.timestamp`,
    );
  });
});

test('what a trigger has not set is found by a comparison, and the first run of another column is one', async () => {
  const exclude = ['version'];
  await using pair = await openIncremental({
    sql: `${items}; ALTER TABLE items ADD version bigserial NOT NULL; INSERT INTO items SELECT n, 'v', now() - interval '1 hour' FROM generate_series(1, 10) AS n`,
    collections: { items: { cursor, exclude } },
  });
  await pair.source.query(`UPDATE items SET v = 'unseen' WHERE id = 1`);
  expect(await pair.lockstep.run('it')).toMatchObject({ collections: [{ updated: 0 }] });
  const engine = await pair.engine({
    ...all,
    collections: { items: { cursor: { column: 'version' }, exclude } },
  });
  const gaps: string[] = [];
  engine.events.on('gap', ({ gap }) => gaps.push(gap.reason));
  expect(await engine.run('it')).toMatchObject({
    extents: [{ reads: 'all', why: 'gap' }],
    collections: [{ updated: 1 }],
  });
  expect(gaps).toEqual(['its cursor followed another column (updated_at)']);
});

test('of a key that the source may have twice, a row is looked at beside all others of its key', async () => {
  await using pair = await openIncremental({
    sql: `CREATE TABLE items (a int, id int, v text, updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (a, id));
      INSERT INTO items SELECT 1, n, 'v' || n FROM generate_series(1, 10) AS n`,
    targetSql: 'CREATE TABLE items (id int PRIMARY KEY, v text)',
    collections: { items: { cursor, columns: ['id', 'v'], key: ['id'] } },
  });
  await pair.source.query(
    `BEGIN; DELETE FROM items WHERE id = 5; INSERT INTO items VALUES (2, 5, 'other'); COMMIT`,
  );
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: 1 }] });
  await pair.source.query(`INSERT INTO items VALUES (3, 5, 'one more')`);
  const failures = [{ code: 'key-repeated', message: expect.stringContaining('(id): ["5"]') }];
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'failed', failures });
  expect((await pair.target.query('SELECT v FROM items WHERE id = 5')).rows).toEqual([{ v: 'other' }]);
});

test('a row that comes without its key stops its collection, and its cursor stays where it was', async () => {
  await using pair = await openIncremental({
    sql: `CREATE TABLE items (code text UNIQUE, v text, updated_at timestamptz NOT NULL DEFAULT now());
      INSERT INTO items VALUES ('a', 'x'), ('b', 'y')`,
    targetSql: 'CREATE TABLE items (code text UNIQUE, v text)',
    collections: { items: { cursor, columns: ['code', 'v'], key: ['code'] } },
  });
  await pair.source.query(`INSERT INTO items VALUES (NULL, 'z'), ('c', 'new')`);
  const failures = [{ code: 'key-null', message: expect.stringContaining('has null in code') }];
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'failed', failures });
  expect((await pair.target.query('SELECT FROM items WHERE code IS NULL')).rows).toHaveLength(0);
  await pair.source.query(`UPDATE items SET code = 'd' WHERE v = 'z'`);
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal', failures: [] });
  expect(
    (await pair.target.query('SELECT code FROM items ORDER BY code')).rows.map(({ code }) => code),
  ).toEqual(['a', 'b', 'c', 'd']);
});
