import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Lockstep } from '../../src/index.ts';
import { lockstep } from '../cli/lockstep.ts';
import { tableDigest } from '../support/export.ts';
import { openPair, type Pair } from './pair.ts';

const settings = { collections: { t: { scope: 'all' }, log: { scope: 'all' } } } as const;

/** Three hundred rows on both sides, of which the target refuses poison. */
async function copied(pair: Pair): Promise<Lockstep> {
  await pair.source.query(`CREATE TABLE t (id serial PRIMARY KEY, u int UNIQUE, v text);
    INSERT INTO t SELECT n, n, 'v' FROM generate_series(1, 300) AS n; CREATE TABLE log (v text)`);
  await pair.target.query(`CREATE TABLE t (id serial PRIMARY KEY, u int UNIQUE, v text CHECK (v <> 'poison'));
    CREATE TABLE log (v text CHECK (v <> 'poison'));`);
  const engine = await pair.engine(settings);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  return engine;
}

const digest = ({ target }: Pair) => tableDigest({ url: target.url, table: 't' });
const shrink = 'DELETE FROM t WHERE id > 100';
const lettersOf = async (engine: Lockstep) =>
  (await engine.letters('it')).letters.map(({ key, code }) => [key, code]).toSorted();

test('what a guard held is promoted by a word, though rows of it are refused: these get letters, all else comes in', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  // One row is poison; another wants what that one would have let go.
  await pair.source.query(`${shrink}; UPDATE t SET v = 'poison', u = 1000 WHERE id = 1;
    UPDATE t SET u = 1 WHERE id = 2; UPDATE t SET v = 'new' WHERE id = 3`);
  expect(await engine.run('it')).toMatchObject({ result: 'pending', guards: [{ leaving: 200 }] });
  expect(await lettersOf(engine)).toEqual([]);
  expect(await engine.promoteGeneration('it')).toMatchObject({
    generation: { state: 'promoted', collections: [{ updated: 1, left: 200 }] },
    letters: 2,
    failures: [],
  });
  expect(await lettersOf(engine)).toEqual([
    ['["1"]', 'value-refused'],
    ['["2"]', 'unique-conflict'],
  ]);
  const { rows } = await pair.target.query('SELECT * FROM t WHERE id <= 4 ORDER BY id');
  expect(rows).toEqual([
    { id: 1, u: 1, v: 'v' },
    { id: 2, u: 2, v: 'v' },
    { id: 3, u: 3, v: 'new' },
    { id: 4, u: 4, v: 'v' },
  ]);
  expect(await engine.status('it')).toMatchObject([{ guards: [] }]);
  await pair.source.query(`UPDATE t SET v = 'well' WHERE id = 1`);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  await pair.expectSame('t');
});

test('the command line says how many rows have got letters, and ends with 2', async () => {
  await using pair = await openPair();
  {
    await using engine = await copied(pair);
    await pair.source.query(`${shrink}; UPDATE t SET v = 'poison' WHERE id = 1`);
    await engine.run('it');
  }
  const sides = {
    source: { connector: 'postgres', url: pair.source.url },
    destination: { connector: 'postgres', url: pair.target.url },
  };
  const config = `export default ${JSON.stringify({ pipelines: { it: { ...settings, ...sides } } })};`;
  await writeFile(join(pair.directory, 'lockstep.config.mjs'), config);
  const { code, stdout } = await lockstep(['generations', 'it', 'promote'], { cwd: pair.directory });
  expect({ code, stdout }).toEqual({
    code: 2,
    stdout: expect.stringContaining(
      '1 row refused, with a dead letter instead: `lockstep dead-letters it list`',
    ),
  });
});

test('a collection without a key that is refused as a whole is told, and the others come in', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.source.query(`${shrink}; INSERT INTO log VALUES ('a'), ('poison')`);
  await pair.target.query(`INSERT INTO log VALUES ('before')`);
  await engine.run('it');
  expect(await engine.promoteGeneration('it')).toMatchObject({
    generation: { state: 'promoted', collections: [{ collection: 'public.t' }] },
    letters: 0,
    failures: [{ collection: 'public.log', code: 'value-refused' }],
  });
  await pair.expectSame('t');
  expect((await pair.target.query('SELECT v FROM log')).rows).toEqual([{ v: 'before' }]);
});

test('what a word brings in is not given out again by sequences', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.source.query(
    `DELETE FROM t; INSERT INTO t (u, v) SELECT n, 'new' FROM generate_series(1, 5) AS n`,
  );
  const before = (await pair.target.query('SELECT last_value::int FROM t_id_seq')).rows;
  await pair.source.query(`SELECT setval('t_id_seq', 5000); INSERT INTO t (u, v) VALUES (6, 'last')`);
  expect(await engine.run('it')).toMatchObject({ result: 'pending' });
  expect((await pair.target.query('SELECT last_value::int FROM t_id_seq')).rows).toEqual(before);
  await engine.promoteGeneration('it');
  await pair.expectSame('t');
  const { rows } = await pair.target.query(`INSERT INTO t (u, v) VALUES (7, 'ours') RETURNING id`);
  expect(rows).toEqual([{ id: 5002 }]);
});

test('while a guard holds a generation nothing is written, rows with a letter neither', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.source.query(`UPDATE t SET v = 'poison' WHERE id = 7`);
  expect(await engine.run('it')).toMatchObject({ result: 'pending', deadLetters: 1 });
  const before = await digest(pair);
  await pair.source.query(
    `${shrink}; UPDATE t SET v = 'well' WHERE id = 7; UPDATE t SET v = 'new' WHERE id = 8`,
  );
  expect(await engine.run('it')).toMatchObject({
    result: 'pending',
    deadLetters: 1,
    guards: [{ leaving: 200 }],
  });
  expect(await digest(pair)).toEqual(before);
  await engine.approve('it');
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  await pair.expectSame('t');
});

test('a row with a letter comes by the next run, when what was held came in by a word', async () => {
  await using pair = await openPair();
  const engine = await copied(pair);
  await pair.source.query(`UPDATE t SET v = 'poison' WHERE id = 7`);
  await engine.run('it');
  await pair.source.query(`${shrink}; UPDATE t SET v = 'well' WHERE id = 7`);
  await engine.run('it');
  expect(await engine.promoteGeneration('it')).toMatchObject({ letters: 0 });
  expect(await lettersOf(engine)).toEqual([['["7"]', 'value-refused']]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  await pair.expectSame('t');
});
