import { expect, test } from 'vitest';
import type { PipelineConfig, Row } from '../../src/index.ts';
import { openPair, type Pair } from './pair.ts';
import { nothing, writesOf } from './writes.ts';

const shape = 'CREATE TABLE t (id int PRIMARY KEY, v text)';
const marked = `CREATE TABLE t (id int PRIMARY KEY, v text, gone_at timestamptz, log text DEFAULT '')`;

/** A thousand rows, copied. */
async function copied(
  pair: Pair,
  collections: PipelineConfig['collections'],
  { target = shape, by = 'staged' }: { readonly target?: string; readonly by?: 'staged' | 'direct' } = {},
) {
  await pair.source.query(`${shape}; INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 1000) AS n`);
  await pair.target.query(target);
  const engine = await pair.engine({ collections, refresh: { by } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  return engine;
}

const targetRows = async ({ target }: Pair, where = 'true'): Promise<number> =>
  Number((await target.query<{ count: string }>(`SELECT count(*) FROM t WHERE ${where}`)).rows[0]?.count);

test('keep: rows stay, are not counted, and come back into step when their source row does', async () => {
  await using pair = await openPair();
  const engine = await copied(pair, { t: { leaving: 'keep' } });
  await pair.source.query('DELETE FROM t WHERE id <= 900');
  expect(await writesOf(pair.target, 't', () => engine.run('it'))).toEqual(nothing);
  expect(await engine.verify('it')).toMatchObject({ equal: true });
  await pair.source.query(`INSERT INTO t VALUES (5, 'back')`);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: 1 }] });
  expect(await targetRows(pair)).toBe(1000);
});

test('mark: marked instead of deleted, absent for compare, cleared when the key comes back', async () => {
  await using pair = await openPair();
  const mark = { set: { gone_at: 'now()' }, marked: 'gone_at IS NOT NULL', clear: { gone_at: 'NULL' } };
  const engine = await copied(pair, { t: { leaving: { mark } } }, { target: marked });
  await pair.source.query('DELETE FROM t WHERE id <= 100');
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 100 }] });
  expect(await targetRows(pair, 'gone_at IS NOT NULL')).toBe(100);
  expect(await writesOf(pair.target, 't', () => engine.run('it'))).toEqual(nothing);
  expect(await engine.verify('it')).toMatchObject({ equal: true });
  await pair.source.query(`INSERT INTO t VALUES (7, 'v7'), (8, 'changed')`);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await targetRows(pair, 'gone_at IS NOT NULL')).toBe(98);
  expect((await pair.target.query('SELECT v FROM t WHERE id IN (7, 8) ORDER BY id')).rows).toEqual([
    { v: 'v7' },
    { v: 'changed' },
  ]);
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});

test('custom: a statement of the user’s own takes the keys', async () => {
  await using pair = await openPair();
  const custom = {
    statement: `UPDATE public.t SET log = 'left' FROM leaving WHERE t.id = leaving.id`,
    absent: `log = 'left'`,
  };
  const engine = await copied(pair, { t: { leaving: { custom } } }, { target: marked });
  await pair.source.query('DELETE FROM t WHERE id BETWEEN 500 AND 549');
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 50 }] });
  expect(await targetRows(pair, `log = 'left'`)).toBe(50);
  expect(await writesOf(pair.target, 't', () => engine.run('it'))).toEqual(nothing);
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});

test('written directly, a guard holds what leaves, lets the rest through, and approves exactly what it showed', async () => {
  await using pair = await openPair();
  const engine = await copied(pair, ['t'], { by: 'direct' });
  await pair.source.query(
    `DELETE FROM t WHERE id <= 300; UPDATE t SET v = 'new' WHERE id > 990; INSERT INTO t VALUES (2000, 'x')`,
  );
  expect(await engine.plan('it')).toMatchObject({ collections: [{ leave: 300, guarded: true }] });
  const written = await writesOf(pair.target, 't', async () => {
    const run = await engine.run('it');
    expect(run).toMatchObject({
      result: 'pending',
      guards: [{ leaving: 300, total: 1001, state: 'waiting' }],
      collections: [{ held: 300 }],
    });
  });
  expect(written).toEqual({ inserted: 1, updated: 10, deleted: 0 });
  expect(await engine.status('it')).toMatchObject([
    { status: 'degraded', reason: expect.stringContaining('guard') },
  ]);
  expect(await engine.verify('it')).toMatchObject({
    equal: false,
    collections: [{ missing: 0, extra: 300, different: 0, explained: { deadLetters: 0, held: 300 } }],
  });
  expect(await engine.approve('it')).toMatchObject({ approved: ['public.t'] });
  // Some come back, others go as well: what was approved leaves, what came back stays.
  await pair.source.query(
    `INSERT INTO t SELECT n, 'back' FROM generate_series(1, 10) AS n; DELETE FROM t WHERE id BETWEEN 301 AND 320`,
  );
  expect(await engine.run('it')).toMatchObject({ result: 'equal', guards: [] });
  await pair.expectSame('t');
  expect(await engine.status('it')).toMatchObject([{ status: 'idle', guards: [] }]);
});

test('everything leaving is held even where few rows are; a guard that proves needless goes away', async () => {
  await using pair = await openPair();
  const engine = await copied(pair, { t: { guard: { fromRows: 10_000 } } });
  await pair.source.query('DELETE FROM t WHERE id > 1');
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 999 }] });
  await pair.source.query('CREATE TABLE saved AS TABLE t; TRUNCATE t');
  expect(await engine.run('it')).toMatchObject({ result: 'pending', guards: [{ leaving: 1, total: 1 }] });
  await pair.source.query('INSERT INTO t TABLE saved');
  expect(await engine.run('it')).toMatchObject({ result: 'equal', guards: [] });
  await pair.expectSame('t');
});

test('an approval is for the collection that was named', async () => {
  await using pair = await openPair();
  await pair.both('CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)');
  await pair.source.query(
    'INSERT INTO a SELECT generate_series(1, 200); INSERT INTO b SELECT generate_series(1, 200)',
  );
  const engine = await pair.engine({
    refresh: { by: 'direct' },
    collections: { a: true, b: { guard: { maxLeavingShare: 0.9 } } },
  });
  await engine.run('it');
  await pair.source.query('DELETE FROM a WHERE id < 150; DELETE FROM b WHERE id < 150');
  expect(await engine.run('it')).toMatchObject({ guards: [{ collection: 'public.a', leaving: 149 }] });
  expect(await pair.expectSame('b')).toBe(51);
  await engine.approve('it', { collection: 'public.a' });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await pair.expectSame('a')).toBe(51);
});

test('status in each state, and remove leaves nothing but the rows', async () => {
  await using pair = await openPair();
  await pair.source.query(`${shape}; INSERT INTO t VALUES (1, 'x')`);
  const engine = await pair.engine({ collections: ['t'], create: true });
  expect(await engine.status('it')).toMatchObject([{ status: 'stopped', lastRun: null }]);
  const during: unknown[] = [];
  engine.events.on('pass.started', () => void engine.status('it').then((status) => during.push(status)));
  await engine.run('it');
  expect(during).toMatchObject([[{ status: 'copying', owner: expect.anything() }]]);
  expect(await engine.status('it')).toMatchObject([
    { status: 'idle', owner: null, lastRun: { result: 'equal' } },
  ]);
  await pair.source.query('ALTER TABLE t RENAME TO other');
  await expect(engine.run('it')).rejects.toMatchObject({ code: 'not-ready' });
  await pair.source.query('ALTER TABLE other RENAME TO t; ALTER TABLE t DROP CONSTRAINT t_pkey');
  expect(await engine.remove('it')).toMatchObject({ left: [] });
  const schemas = `SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`;
  for (const side of [pair.source, pair.target])
    expect((await side.query(schemas)).rows).toEqual([{ nspname: 'public' }]);
  expect((await pair.target.query('TABLE t')).rows).toEqual([{ id: 1, v: 'x' }]);
  expect(await engine.status('it')).toMatchObject([{ status: 'stopped', lastRun: null }]);
});

test.each(['staged', 'direct'] as const)(
  'mayEmpty, %s: what a function picks may all leave, as long as the source has rows at all',
  async (by) => {
    await using pair = await openPair();
    await pair.source.query(`${shape}; INSERT INTO t VALUES (1, 'picked'), (2, 'other')`);
    await pair.target.query(shape);
    const t = { map: (row: Row) => (row['v'] === 'picked' ? row : null), guard: { mayEmpty: true } };
    const engine = await pair.engine({ collections: { t }, refresh: { by } });
    const pick = async (v: string, result: string) => {
      await pair.source.query(`UPDATE t SET v = '${v}' WHERE id = 1`);
      expect(await engine.run('it')).toMatchObject({ result });
    };
    await pick('picked', 'equal');
    expect(await targetRows(pair)).toBe(1);
    await pair.source.query(`UPDATE t SET v = 'not any more' WHERE id = 1`);
    expect(await engine.plan('it')).toMatchObject({ collections: [{ leave: 1, guarded: false }] });
    await pick('not any more', 'equal');
    expect(await targetRows(pair)).toBe(0);
    await pick('picked', 'equal');
    await pair.source.query('TRUNCATE t');
    expect(await engine.run('it')).toMatchObject({ result: 'pending', collections: [{ held: 1 }] });
    expect(await targetRows(pair)).toBe(1);
  },
);
