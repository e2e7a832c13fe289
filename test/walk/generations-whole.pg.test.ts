import { expect, test } from 'vitest';
import type { Row } from '../../src/index.ts';
import { expectSameTable, tableDigest } from '../support/export.ts';
import { openPair, type Pair } from './pair.ts';
import { watchAnswers } from './watch-answers.ts';

const shape = `CREATE TABLE parents (id int PRIMARY KEY, mark int NOT NULL);
  CREATE TABLE log (parent int REFERENCES parents, line text, mark int NOT NULL)`;
const collections = { parents: { scope: 'all' }, log: { scope: 'all' } } as const;

/** Fifty parents with forty lines each, which have no key; copied. */
async function copied(pair: Pair, settings: { readonly refresh?: { keep: number } } = {}) {
  await pair.both(shape);
  await pair.source.query(`INSERT INTO parents SELECT n, 0 FROM generate_series(1, 50) AS n;
    INSERT INTO log SELECT 1 + n % 50, 'line ' || n % 7, 0 FROM generate_series(1, 2000) AS n`);
  await pair.target.query(`ALTER TABLE log ADD own text DEFAULT 'theirs', ADD CHECK (line <> 'poison')`);
  const engine = await pair.engine({ collections, ...settings });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  return engine;
}

const change = `UPDATE parents SET mark = 1; INSERT INTO parents VALUES (100, 1); DELETE FROM log WHERE parent IN (7, 8);
  DELETE FROM parents WHERE id = 7; UPDATE log SET mark = 1; INSERT INTO log VALUES (100, 'new', 1)`;

const both = async ({ target }: Pair): Promise<readonly unknown[]> => [
  await tableDigest({ url: target.url, table: 'parents' }),
  await tableDigest({ url: target.url, table: 'log' }),
];

const expectSame = async ({ source, target }: Pair): Promise<void> => {
  const parents = { table: 'parents' };
  const log = { query: 'SELECT parent, line, mark FROM log', key: [] };
  for (const each of [parents, log])
    await expectSameTable({ url: source.url, ...each }, { url: target.url, ...each });
};

test('a collection without a key comes in with the others at once, and goes back with them', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.target.query(`UPDATE log SET own = 'mine' WHERE parent = 8`);
  const before = await both(pair);
  await pair.source.query(change);
  const reader = await watchAnswers(
    pair.target,
    `SELECT string_agg(DISTINCT mark::text, ' and ') AS said FROM (SELECT mark FROM parents UNION ALL SELECT mark FROM log) AS m`,
  );
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  await expectSame(pair);
  expect(await engine.generations('it')).toMatchObject({
    generations: [
      {
        id: 1,
        state: 'promoted',
        canRollBack: true,
        collections: [
          { collection: 'public.parents', inserted: 1, updated: 49, left: 1 },
          { collection: 'public.log', rows: 1921, leaving: 2000, inserted: 1921, left: 2000 },
        ],
      },
    ],
  });
  await engine.rollBackGeneration('it');
  await reader.stop();
  expect(await both(pair)).toEqual(before);
  expect(reader.seen).toEqual(['0', '1', '0']);
  await engine.resume('it', { yes: true });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await expectSame(pair);
});

test('one that is equal has no share', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.source.query('UPDATE parents SET mark = 2');
  await engine.run('it');
  const { generations } = await engine.generations('it');
  expect(generations[0]?.collections.map(({ collection }) => collection)).toEqual(['public.parents']);
});

test('somebody changed it since: it does not go back, or stays as it is beside what does', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  const [parents] = await both(pair);
  await pair.source.query(change);
  await engine.run('it');
  await pair.target.query(`UPDATE log SET line = 'mine' WHERE ctid = (SELECT min(ctid) FROM log)`);
  const changed = await both(pair);
  await expect(engine.rollBackGeneration('it')).rejects.toMatchObject({
    code: 'generation-overtaken',
    details: { collection: 'public.log' },
  });
  expect(await both(pair)).toEqual(changed);
  // What refers to a parent that came with it is in the way.
  await pair.target.query('DELETE FROM log WHERE parent = 100');
  const [, log] = await both(pair);
  await engine.rollBackGeneration('it', { keepChanged: true });
  expect(await both(pair)).toEqual([parents, log]);
});

test('columns of the target’s own may change: that is no reason not to go back', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  const before = await both(pair);
  await pair.source.query(change);
  await engine.run('it');
  await pair.target.query(`UPDATE log SET own = 'another'`);
  await engine.rollBackGeneration('it');
  expect(await both(pair)).toEqual(before);
});

test('a refused row stops its collection, which stays as it was, and all others come in', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  const [, log] = await both(pair);
  await pair.source.query(`UPDATE parents SET mark = 3; INSERT INTO log VALUES (1, 'poison', 1)`);
  expect(await engine.run('it')).toMatchObject({
    result: 'failed',
    failures: [{ collection: 'public.log', code: 'value-refused' }],
  });
  await pair.expectSame('parents');
  expect((await both(pair))[1]).toEqual(log);
  expect(await engine.generations('it')).toMatchObject({
    generations: [{ state: 'promoted', collections: [{ collection: 'public.parents' }] }],
  });
  await pair.source.query(`DELETE FROM log WHERE line = 'poison'; INSERT INTO log VALUES (1, 'well', 1)`);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await expectSame(pair);
});

test('a row that can’t be mapped stops its collection, and all others come in', async () => {
  await using pair = await openPair();
  await copied(pair);
  await pair.target.query('ALTER TABLE log DROP own');
  const map = (row: Row): Row => {
    if (row['line'] === 'broken') throw new Error('a broken line');
    return row;
  };
  const engine = await pair.engine({ collections: { ...collections, log: { map, scope: 'all' } } });
  await pair.source.query(`UPDATE parents SET mark = 3; INSERT INTO log VALUES (1, 'broken', 1)`);
  const [, log] = await both(pair);
  expect(await engine.run('it')).toMatchObject({
    result: 'failed',
    failures: [{ collection: 'public.log', code: 'mapping-failed' }],
  });
  await pair.expectSame('parents');
  expect((await both(pair))[1]).toEqual(log);
});

test('it would shrink too much: all waits, and is brought in as it was staged', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  const before = await both(pair);
  await pair.source.query('UPDATE parents SET mark = 4; DELETE FROM log');
  expect(await engine.run('it')).toMatchObject({
    result: 'pending',
    guards: [{ collection: 'public.log', leaving: 2000, total: 2000 }],
  });
  expect(await both(pair)).toEqual(before);
  expect(await engine.promoteGeneration('it')).toMatchObject({ generation: { state: 'promoted' } });
  await expectSame(pair);
  expect(await engine.status('it')).toMatchObject([{ guards: [] }]);
  await engine.rollBackGeneration('it');
  expect(await both(pair)).toEqual(before);
});

test('nothing is kept where nothing is to be kept', async () => {
  await using pair = await openPair();
  const engine = await copied(pair, { refresh: { keep: 0 } });
  await pair.source.query(change);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await expectSame(pair);
  expect(await engine.generations('it')).toMatchObject({ generations: [{ state: 'discarded' }] });
  const { rows } = await pair.target.query(`SELECT FROM pg_class WHERE relname LIKE 'generation\\_%'`);
  expect(rows).toEqual([]);
});
