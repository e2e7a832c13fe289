import { expect, test } from 'vitest';
import type { PipelineConfig } from '../../src/index.ts';
import { tableDigest } from '../support/export.ts';
import { openPair, type Pair } from './pair.ts';

const shape = `CREATE TABLE parents (id int PRIMARY KEY, name text UNIQUE);
  CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents, v text)`;
const collections = ['parents', 'children'];

/** A hundred parents with three children each, copied. */
async function copied(
  pair: Pair,
  settings: Omit<PipelineConfig, 'source' | 'destination'> = { collections },
) {
  await pair.both(shape);
  await pair.source.query(`INSERT INTO parents SELECT n, 'p' || n FROM generate_series(1, 100) AS n;
    INSERT INTO children SELECT n, (n - 1) / 3 + 1, 'c' || n FROM generate_series(1, 300) AS n`);
  const engine = await pair.engine(settings);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  return engine;
}

/** Names change places, a parent leaves with its children, another comes with some, values change. */
const change = `
  UPDATE parents SET name = 'tmp' WHERE id = 1; UPDATE parents SET name = 'p1' WHERE id = 2;
  UPDATE parents SET name = 'p2' WHERE id = 1;
  DELETE FROM children WHERE parent = 50; DELETE FROM parents WHERE id = 50;
  INSERT INTO parents VALUES (200, 'p50'); UPDATE children SET parent = 200 WHERE id < 4;
  INSERT INTO children VALUES (1000, 200, 'new'); UPDATE children SET v = 'other' WHERE id BETWEEN 20 AND 40`;

const both = async (pair: Pair): Promise<readonly unknown[]> => [
  await tableDigest({ url: pair.target.url, table: 'parents' }),
  await tableDigest({ url: pair.target.url, table: 'children' }),
];

const ownTables = async ({ target }: Pair): Promise<readonly string[]> =>
  (
    await target.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relname LIKE 'generation\\_%' AND relkind = 'r' ORDER BY 1`,
    )
  ).rows.map(({ name }) => name);

test('a refresh comes in at once, over all collections, and goes back at once', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  const before = await both(pair);
  await pair.source.query(change);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  await pair.expectSame('parents');
  await pair.expectSame('children');
  expect(await engine.generations('it')).toMatchObject({
    generations: [
      {
        id: 1,
        state: 'promoted',
        canRollBack: true,
        collections: [
          { collection: 'public.parents', inserted: 1, updated: 2, left: 1 },
          { collection: 'public.children', inserted: 1, updated: 24, left: 3 },
        ],
      },
    ],
  });
  expect(await engine.rollBackGeneration('it')).toMatchObject({
    generation: { id: 1, state: 'rolled-back' },
    paused: true,
  });
  expect(await both(pair)).toEqual(before);
  expect(await ownTables(pair)).toEqual([]);
  await expect(engine.run('it')).rejects.toMatchObject({ code: 'pipeline-paused' });
  await expect(engine.resume('it')).rejects.toMatchObject({
    code: 'resume-redoes',
    details: { redoes: expect.stringContaining('public.children (1 inserted, 24 updated, 3 taken out)') },
  });
  await engine.resume('it', { yes: true });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await pair.expectSame('parents');
  await pair.expectSame('children');
});

test('readers never see a part of it', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  // Every transaction of the source keeps the sum of both tables' marks equal.
  await pair.both('ALTER TABLE parents ADD mark int DEFAULT 0; ALTER TABLE children ADD mark int DEFAULT 0');
  const marked = await pair.engine({ collections });
  await marked.run('it');
  let isDone = false;
  let looks = 0;
  const reading = (async () => {
    while (!isDone) {
      const { rows } = await pair.target.query<{ marks: number }>(
        `SELECT count(DISTINCT mark)::int AS marks FROM (SELECT mark FROM parents UNION ALL SELECT mark FROM children) AS m`,
      );
      expect(rows[0]?.marks).toBe(1);
      looks += 1;
    }
  })();
  for (let round = 1; round <= 5; round += 1) {
    await pair.source.query(`UPDATE parents SET mark = ${round}; UPDATE children SET mark = ${round}`);
    expect(await marked.run('it')).toMatchObject({ result: 'equal' });
  }
  isDone = true;
  await reading;
  expect(looks).toBeGreaterThan(5);
  await engine[Symbol.asyncDispose]();
});

test('nothing differs: no generation is kept, and the last one can still be taken back', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.source.query(change);
  await engine.run('it');
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await engine.generations('it')).toMatchObject({
    generations: [
      { id: 2, state: 'discarded' },
      { id: 1, state: 'promoted', canRollBack: true },
    ],
  });
});

test('as many are kept as configured, the newest goes back first', async () => {
  await using pair = await openPair();
  const engine = await copied(pair, { collections, refresh: { keep: 2 } });
  const states: unknown[] = [];
  for (const v of ['one', 'two', 'three']) {
    states.push(await both(pair));
    await pair.source.query(`UPDATE children SET v = '${v}' WHERE id <= 10`);
    await engine.run('it');
  }
  expect(await engine.generations('it')).toMatchObject({
    generations: [
      { id: 3, state: 'promoted', canRollBack: true },
      { id: 2, state: 'promoted', canRollBack: false },
      { id: 1, state: 'discarded' },
    ],
  });
  await expect(engine.rollBackGeneration('it', { generation: 2 })).rejects.toMatchObject({
    code: 'generation-unfit',
  });
  await engine.rollBackGeneration('it');
  expect(await both(pair)).toEqual(states[2]);
  await engine.rollBackGeneration('it', { generation: 2 });
  expect(await both(pair)).toEqual(states[1]);
  await expect(engine.rollBackGeneration('it', { generation: 1 })).rejects.toMatchObject({
    code: 'generation-unfit',
  });
});

test('rows that somebody changed since keep a generation from going back, or stay as they are', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.source.query(change);
  await engine.run('it');
  const after = await both(pair);
  await pair.target.query(
    `UPDATE children SET v = 'mine' WHERE id = 25; INSERT INTO parents VALUES (50, 'back')`,
  );
  const changed = await both(pair);
  await expect(engine.rollBackGeneration('it')).rejects.toMatchObject({
    code: 'generation-overtaken',
    details: { rows: 1 },
  });
  expect(await both(pair)).toEqual(changed);
  expect(changed).not.toEqual(after);
  expect(await engine.rollBackGeneration('it', { keepChanged: true })).toMatchObject({ paused: true });
  const { rows } = await pair.target.query('SELECT id, v FROM children WHERE id IN (24, 25) ORDER BY id');
  expect(rows).toEqual([
    { id: 24, v: 'c24' },
    { id: 25, v: 'mine' },
  ]);
  const { rows: parents } = await pair.target.query('SELECT name FROM parents WHERE id = 50');
  expect(parents).toEqual([{ name: 'back' }]);
});

test('more would leave than may: all of it waits, until somebody promotes it as it is', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.source.query(`DELETE FROM children WHERE id > 100; UPDATE children SET v = 'new' WHERE id = 1`);
  const before = await both(pair);
  expect(await engine.run('it')).toMatchObject({
    result: 'pending',
    guards: [{ collection: 'public.children', leaving: 200, total: 300 }],
  });
  expect(await both(pair)).toEqual(before);
  const held = expect.stringContaining('public.children');
  expect(await engine.generations('it')).toMatchObject({ generations: [{ id: 1, state: 'staged', held }] });
  expect(await engine.promoteGeneration('it')).toMatchObject({
    generation: { state: 'promoted', held: null },
  });
  await pair.expectSame('children');
  expect(await engine.status('it')).toMatchObject([{ guards: [] }]);
});

test('more would leave than may: approved, the next run brings in what is true then', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.source.query(`DELETE FROM children WHERE id > 100; UPDATE children SET v = 'new' WHERE id = 1`);
  await engine.run('it');
  await engine.approve('it');
  await pair.source.query(`INSERT INTO children VALUES (300, 1, 'back')`);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', guards: [] });
  await pair.expectSame('children');
  expect(await engine.generations('it')).toMatchObject({
    generations: [
      { id: 2, state: 'promoted' },
      { id: 1, state: 'discarded' },
    ],
  });
});

test('poisoned rows get their letters, all others come in', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.target.query(`ALTER TABLE children ADD CHECK (v <> 'poison')`);
  await pair.source.query(`${change}; UPDATE children SET v = 'poison' WHERE id IN (30, 200);
    INSERT INTO children VALUES (2000, 3, 'poison')`);
  expect(await engine.run('it')).toMatchObject({ result: 'pending', deadLetters: 3 });
  const { letters } = await engine.letters('it');
  expect(letters.map(({ key }) => key).toSorted()).toEqual(['["200"]', '["2000"]', '["30"]']);
  await pair.source.query(`UPDATE children SET v = 'well' WHERE v = 'poison'`);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  await pair.expectSame('parents');
  await pair.expectSame('children');
});

test('marked rows: those that left and those that came back go back too', async () => {
  await using pair = await openPair();
  await pair.source.query(`CREATE TABLE t (id int PRIMARY KEY, v text);
    INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 50) AS n`);
  await pair.target.query('CREATE TABLE t (id int PRIMARY KEY, v text, gone_at timestamptz, own text)');
  const mark = { set: { gone_at: 'now()' }, marked: 'gone_at IS NOT NULL', clear: { gone_at: 'NULL' } };
  const engine = await pair.engine({ collections: { t: { leaving: { mark } } } });
  await engine.run('it');
  await pair.source.query('DELETE FROM t WHERE id <= 5');
  await engine.run('it');
  await pair.target.query(`UPDATE t SET own = 'theirs'`);
  const before = await tableDigest({ url: pair.target.url, table: 't' });
  await pair.source.query(
    `INSERT INTO t VALUES (1, 'back'); DELETE FROM t WHERE id = 10; UPDATE t SET v = 'x' WHERE id = 20`,
  );
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: 2, left: 1 }] });
  await engine.rollBackGeneration('it');
  expect(await tableDigest({ url: pair.target.url, table: 't' })).toEqual(before);
});

test('columns of the target’s own survive a row that left and is put back', async () => {
  await using pair = await openPair();
  await pair.source.query(
    `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT n, 'v' FROM generate_series(1, 50) AS n`,
  );
  await pair.target.query(`CREATE TABLE t (id int PRIMARY KEY, v text, own text,
    twice int GENERATED ALWAYS AS (id * 2) STORED)`);
  const engine = await pair.engine({ collections: ['t'] });
  await engine.run('it');
  await pair.target.query(`UPDATE t SET own = 'theirs ' || id`);
  const before = await tableDigest({ url: pair.target.url, table: 't' });
  await pair.source.query(`DELETE FROM t WHERE id <= 3`);
  await engine.run('it');
  await pair.target.query(`UPDATE t SET own = 'later' WHERE id = 9`);
  await engine.rollBackGeneration('it');
  const now = await tableDigest({ url: pair.target.url, table: 't' });
  expect(now).not.toEqual(before);
  await pair.target.query(`UPDATE t SET own = 'theirs 9' WHERE id = 9`);
  expect(await tableDigest({ url: pair.target.url, table: 't' })).toEqual(before);
});

test('rows of others stay as they are, in promotion and in rollback; ours are ours again', async () => {
  await using pair = await openPair();
  await pair.both('CREATE TABLE t (id int PRIMARY KEY, v text)');
  await pair.target.query(`INSERT INTO t VALUES (7, 'theirs'), (500, 'theirs')`);
  await pair.source.query(`INSERT INTO t SELECT n, 'v' FROM generate_series(1, 50) AS n`);
  const engine = await pair.engine({ collections: { t: { scope: 'owned' } } });
  expect(await engine.run('it')).toMatchObject({ result: 'pending', deadLetters: 1 });
  const before = await tableDigest({ url: pair.target.url, table: 't' });
  await pair.source.query(
    `DELETE FROM t WHERE id IN (1, 2); INSERT INTO t VALUES (500, 'mine'), (600, 'mine')`,
  );
  expect(await engine.run('it')).toMatchObject({ result: 'pending', deadLetters: 2 });
  await engine.rollBackGeneration('it');
  expect(await tableDigest({ url: pair.target.url, table: 't' })).toEqual(before);
  await engine.resume('it', { yes: true });
  expect(await engine.run('it')).toMatchObject({
    result: 'pending',
    deadLetters: 2,
    collections: [{ left: 2 }],
  });
  const { rows } = await pair.target.query(`SELECT id FROM t WHERE v = 'theirs' ORDER BY id`);
  expect(rows).toEqual([{ id: 7 }, { id: 500 }]);
});

test('a target that was made anew, or another configuration, is refused', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.source.query(change);
  await engine.run('it');
  const other = await pair.engine({
    collections: { parents: true, children: { columns: ['id', 'parent'] } },
  });
  await expect(other.rollBackGeneration('it')).rejects.toMatchObject({ code: 'generation-unfit' });
  await pair.target.query(
    'CREATE TABLE kept AS TABLE children; DROP TABLE children; ALTER TABLE kept RENAME TO children; ALTER TABLE children ADD PRIMARY KEY (id)',
  );
  await expect(engine.rollBackGeneration('it')).rejects.toMatchObject({ code: 'generation-unfit' });
});

test('a pipeline that went live since is refused: its stream would not mend what is taken back', async () => {
  await using pair = await openPair({ source: 18 });
  const engine = await copied(pair);
  await pair.source.query(change);
  await engine.run('it');
  const live = await pair.engine({ collections, mode: 'live' });
  await expect(live.rollBackGeneration('it')).rejects.toMatchObject({ code: 'generation-unfit' });
  expect(await engine.generations('it')).toMatchObject({ generations: [{ id: 1, state: 'promoted' }] });
});

test('discarded: nothing is kept; removed: nothing is left', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.source.query(change);
  await engine.run('it');
  expect(await ownTables(pair)).toHaveLength(8);
  expect(await engine.discardGeneration('it', 1)).toMatchObject({ generation: { state: 'discarded' } });
  expect(await ownTables(pair)).toEqual([]);
  await expect(engine.rollBackGeneration('it')).rejects.toMatchObject({ code: 'generation-missing' });
  await pair.source.query('UPDATE children SET v = NULL');
  await engine.run('it');
  await engine.remove('it');
  const { rows } = await pair.target.query(`SELECT nspname FROM pg_namespace WHERE nspname = 'lockstep'`);
  expect(rows).toEqual([]);
});
