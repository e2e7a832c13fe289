import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import type { Lockstep } from '../../src/index.ts';
import { startOwnServer } from '../faults/support/own-server.ts';
import { expectSameTable } from '../support/export.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openPair } from '../walk/pair.ts';
import { cursor, items, openIncremental, touching } from './pair.ts';

const collections = { items: { cursor } };
const incremental = { mode: 'incremental', comparison: 'off', create: true } as const;
const hourMs = 3_600_000;

/** A second run of what was found to be a gap must not have to be one. */
async function expectGap(engine: Lockstep, reason: string): Promise<void> {
  const gaps: string[] = [];
  const off = engine.events.on('gap', ({ gap }) => gaps.push(gap.reason));
  expect(await engine.run('it')).toMatchObject({ extents: [{ reads: 'all', why: 'gap' }] });
  off();
  expect(gaps).toEqual([expect.stringContaining(reason)]);
  expect(await engine.run('it')).toMatchObject({ extents: [{ reads: 'since' }] });
}

/** With owners and rights: a server is particular about its files. */
const copyAsItIs = (from: string, to: string): Promise<unknown> =>
  promisify(execFile)('cp', ['-a', from, to]);

afterEach(() => {
  vi.restoreAllMocks();
});

test('a destination that was restored from an older copy is compared', async () => {
  await using pair = await openIncremental();
  await using copy = await createTestDatabase({ template: pair.target });
  await pair.source.query(`SELECT pg_sleep(1.2); UPDATE items SET v = 'new' WHERE id = 1`);
  await pair.lockstep.run('it');
  const restored = await pair.engine(
    { ...incremental, collections },
    { destination: { connector: 'postgres', url: copy.url } },
  );
  await expectGap(restored, 'the destination was restored from an older copy');
  await expectSameTable({ url: pair.source.url, table: 'items' }, { url: copy.url, table: 'items' });
});

test('a source that was restored from an older copy is compared', { timeout: 120_000 }, async () => {
  await using source = await startOwnServer({ version: 17 });
  await source.query(
    `${items}; ${touching}; INSERT INTO items SELECT n, 'v' FROM generate_series(1, 10) AS n`,
  );
  await using pair = await openPair();
  const engine = await pair.engine(
    { ...incremental, collections },
    { source: { connector: 'postgres', url: source.url } },
  );
  await source.server.stop();
  const copy = join(pair.directory, 'copy');
  await copyAsItIs(source.server.dataDirectory, copy);
  await source.server.start();
  await engine.run('it');
  await source.query(`INSERT INTO items SELECT n, 'lost' FROM generate_series(11, 5000) AS n`);
  await engine.run('it');
  await source.server.stop();
  await rm(source.server.dataDirectory, { recursive: true });
  await copyAsItIs(copy, source.server.dataDirectory);
  await source.server.start();
  await source.query(`UPDATE items SET v = 'of the copy' WHERE id = 1`);
  const gaps: string[] = [];
  engine.events.on('gap', ({ gap }) => gaps.push(gap.reason));
  // All rows but ten would leave: that waits for somebody.
  expect(await engine.run('it')).toMatchObject({ result: 'pending', guards: [{ leaving: 4990 }] });
  expect(gaps).toEqual([expect.stringContaining('the source was restored from an older copy')]);
  await engine.approve('it');
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 4990 }] });
  await expectSameTable({ url: source.url, table: 'items' }, { url: pair.target.url, table: 'items' });
});

test('a table that was dropped and made again is compared', async () => {
  await using pair = await openIncremental();
  await pair.source.query(
    `DROP TABLE items; DROP FUNCTION touch; ${items}; INSERT INTO items SELECT n, 'again', now() - interval '1 hour' FROM generate_series(1, 10) AS n`,
  );
  await expectGap(pair.lockstep, 'the table was dropped and made again');
  await pair.expectSame('items');
});

test('numbers that begin anew are compared, those that were deleted from the top are not', async () => {
  const numbered = { items: { cursor: { column: 'id' } } };
  await using pair = await openIncremental({
    sql: `CREATE TABLE items (id serial PRIMARY KEY, v text); INSERT INTO items (v) SELECT 'v' FROM generate_series(1, 100) AS n`,
    collections: numbered,
  });
  await pair.source.query(`DELETE FROM items WHERE id > 95; INSERT INTO items (v) VALUES ('next')`);
  expect(await pair.lockstep.run('it')).toMatchObject({
    extents: [{ reads: 'since' }],
    collections: [{ inserted: 1 }],
  });
  await pair.source.query('DELETE FROM items WHERE id > 90');
  expect(await pair.lockstep.run('it')).toMatchObject({ extents: [{ reads: 'since' }] });
  await pair.source.query(
    `TRUNCATE items RESTART IDENTITY; INSERT INTO items (v) SELECT 'new' FROM generate_series(1, 90) AS n`,
  );
  await expectGap(pair.lockstep, 'its sequence went back from 101 to 90');
});

test('a mapping that was changed is compared, a cursor that overlaps more is not', async () => {
  await using pair = await openIncremental();
  const wider = await pair.engine({
    ...incremental,
    collections: { items: { cursor: { ...cursor, overlap: '2m' } } },
  });
  expect(await wider.run('it')).toMatchObject({ extents: [{ reads: 'since' }] });
  const filtered = await pair.engine({
    ...incremental,
    collections: { items: { cursor, filter: 'id <> 1' } },
  });
  await expectGap(filtered, 'its mapping was changed');
  expect((await pair.target.query('SELECT FROM items')).rowCount).toBe(9);
});

test('a new collection is copied, the others go on', async () => {
  await using pair = await openIncremental();
  await pair.source.query(
    `CREATE TABLE more (id int PRIMARY KEY, item int REFERENCES items, version bigserial NOT NULL); INSERT INTO more VALUES (1, 1)`,
  );
  const engine = await pair.engine({
    ...incremental,
    collections: { ...collections, more: { cursor: { column: 'version' } } },
  });
  await pair.source.query(`INSERT INTO items VALUES (11, 'eleven'); INSERT INTO more VALUES (2, 11)`);
  const { extents } = await engine.run('it');
  expect(extents).toMatchObject([
    { collection: 'public.items', reads: 'since' },
    { collection: 'public.more', reads: 'all', why: 'first' },
  ]);
  await pair.expectSame('items');
  await pair.expectSame('more');
});

test('a target that was emptied is filled again', async () => {
  await using pair = await openIncremental();
  await pair.target.query('TRUNCATE items');
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal' });
  expect(await pair.expectSame('items')).toBe(10);
});

test.each([7 * hourMs, -7 * hourMs])(
  'the clock of the engine’s host does not matter, wrong by %d ms',
  async (wrongBy) => {
    await using pair = await openIncremental();
    const now = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => now() + wrongBy);
    for (const turn of [1, 2, 3]) {
      await pair.source.query(`SELECT pg_sleep(1.1); UPDATE items SET v = 'turn ${turn}' WHERE id = ${turn}`);
      expect(await pair.lockstep.run('it')).toMatchObject({ extents: [{ reads: 'since' }] });
      await pair.expectSame('items');
    }
    vi.restoreAllMocks();
    await pair.source.query(`UPDATE items SET v = 'right again' WHERE id = 5`);
    await pair.lockstep.run('it');
    await pair.expectSame('items');
  },
);

test('a pipeline that becomes live, or full, and incremental again', { timeout: 60_000 }, async () => {
  await using pair = await openIncremental();
  const full = await pair.engine({ collections: ['items'] });
  await pair.source.query('DELETE FROM items WHERE id = 1');
  expect(await full.run('it')).toMatchObject({ result: 'equal' });
  await pair.source.query(`UPDATE items SET v = 'new' WHERE id = 2`);
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal' });
  await pair.expectSame('items');
  const live = await pair.engine(
    { mode: 'live', collections: ['items'] },
    { source: { connector: 'postgres', url: pair.source.url, capture: { kind: 'triggers', pollMs: 100 } } },
  );
  await pair.source.query(`INSERT INTO items VALUES (20, 'live')`);
  expect(await live.run('it')).toMatchObject({ result: 'equal' });
  await pair.expectSame('items');
  await pair.source.query(`INSERT INTO items VALUES (21, 'live'); DELETE FROM items WHERE id = 3`);
  expect(await live.run('it')).toMatchObject({ result: 'equal' });
  await pair.expectSame('items');
  await pair.source.query(`INSERT INTO items VALUES (22, 'since')`);
  await pair.lockstep.run('it');
  await pair.expectSame('items');
  await live.remove('it');
});
