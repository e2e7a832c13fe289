import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tableDigest } from '../support/export.ts';
import { openPair, type Pair } from '../walk/pair.ts';

const shape = 'CREATE TABLE t (id int PRIMARY KEY, v text)';
const settings = { collections: { t: { scope: 'all' } } } as const;
const files = ['lockstep.db', 'lockstep.db-wal', 'lockstep.db-shm'];

/** A verb as a process of its own has it: with a store that is open no longer than that. */
async function within<Result>(
  pair: Pair,
  work: (engine: Awaited<ReturnType<Pair['engine']>>) => Promise<Result>,
  more: Partial<Parameters<Pair['engine']>[0]> = {},
): Promise<Result> {
  const engine = await pair.engine({ ...settings, ...more });
  try {
    return await work(engine);
  } finally {
    await engine[Symbol.asyncDispose]();
  }
}

/** Two generations, the second taken back; the store is a copy from before the rollback. */
async function rolledBackAndForgotten(pair: Pair): Promise<void> {
  const path = join(pair.directory, '.lockstep');
  await within(pair, (engine) => engine.run('it'));
  await pair.source.query(`UPDATE t SET v = 'one' WHERE id = 1`);
  await within(pair, (engine) => engine.run('it'));
  await pair.source.query(`UPDATE t SET v = 'two' WHERE id = 2`);
  await within(pair, (engine) => engine.run('it'));
  await copyFile(join(path, 'lockstep.db'), join(path, 'copy'));
  await within(pair, (engine) => engine.rollBackGeneration('it'));
  for (const file of files) await rm(join(path, file), { force: true });
  await copyFile(join(path, 'copy'), join(path, 'lockstep.db'));
}

async function filled(pair: Pair): Promise<void> {
  await pair.both(shape);
  await pair.source.query(`INSERT INTO t SELECT n, 'v' FROM generate_series(1, 100) AS n`);
}

const stateOf = ({ target }: Pair) => tableDigest({ url: target.url, table: 't' });

test('a store from before a rollback: the journal counts, and nothing is brought in again unasked (rule 4)', async () => {
  await using pair = await openPair();
  await filled(pair);
  await rolledBackAndForgotten(pair);
  const before = await stateOf(pair);
  await within(pair, async (engine) => {
    await expect(engine.run('it')).rejects.toMatchObject({ code: 'pipeline-paused' });
    expect(await stateOf(pair)).toEqual(before);
    await expect(engine.resume('it')).rejects.toMatchObject({
      code: 'resume-redoes',
      details: { generation: 2, redoes: 'public.t (0 inserted, 1 updated, 0 taken out)' },
    });
    await engine.resume('it', { yes: true });
    expect(await engine.run('it')).toMatchObject({ result: 'equal' });
    await pair.expectSame('t');
    const { generations } = await engine.generations('it');
    expect(generations.map(({ id, state }) => [id, state])).toEqual([
      [3, 'promoted'],
      [2, 'discarded'],
      [1, 'promoted'],
    ]);
  });
});

test('a store that is gone: what was promoted can be taken back, and numbers go on', async () => {
  await using pair = await openPair();
  await filled(pair);
  await within(pair, (engine) => engine.run('it'));
  const before = await stateOf(pair);
  await pair.source.query(`UPDATE t SET v = 'one' WHERE id = 1`);
  await within(pair, (engine) => engine.run('it'));
  for (const file of files) await rm(join(pair.directory, '.lockstep', file), { force: true });
  await within(pair, async (engine) => {
    expect(await engine.rollBackGeneration('it')).toMatchObject({ paused: true });
    expect(await stateOf(pair)).toEqual(before);
    await engine.resume('it', { yes: true });
    await engine.run('it');
    await pair.expectSame('t');
    expect((await engine.generations('it')).generations[0]).toMatchObject({ id: 2, state: 'promoted' });
  });
});

test('a store from before a live pipeline’s copy was taken back: it waits, and copies again when asked', async () => {
  await using pair = await openPair({ source: 18 });
  await filled(pair);
  await pair.target.query(`INSERT INTO t SELECT n, 'old' FROM generate_series(50, 110) AS n`);
  const before = await stateOf(pair);
  const source = { connector: 'postgres', url: pair.source.url, capture: { kind: 'triggers' } } as const;
  const live = async () => pair.engine({ ...settings, mode: 'live' }, { source });
  const path = join(pair.directory, '.lockstep');
  {
    await using engine = await live();
    await engine.run('it');
  }
  await copyFile(join(path, 'lockstep.db'), join(path, 'copy'));
  {
    await using engine = await live();
    await engine.rollBackGeneration('it');
  }
  for (const file of files) await rm(join(path, file), { force: true });
  await copyFile(join(path, 'copy'), join(path, 'lockstep.db'));
  await using engine = await live();
  const stopping = new AbortController();
  const running = engine.start('it', { signal: stopping.signal });
  await expect.poll(async () => (await engine.status('it'))[0]?.paused, { timeout: 20_000 }).not.toBeNull();
  expect(await stateOf(pair)).toEqual(before);
  await engine.resume('it', { yes: true });
  await expect.poll(async () => (await engine.status('it'))[0]?.status, { timeout: 20_000 }).toBe('live');
  expect((await engine.generations('it')).generations[0]).toMatchObject({ id: 2, state: 'promoted' });
  stopping.abort(new Error('the test is over'));
  await running;
  await pair.expectSame('t');
});
