import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Lockstep } from '../../src/index.ts';
import { lockstep } from '../cli/lockstep.ts';
import { openPair, type Pair } from '../walk/pair.ts';
import { cursor, items, touching } from './pair.ts';

const full = { collections: { items: { scope: 'all' } } } as const;
const incremental = {
  mode: 'incremental',
  comparison: 'off',
  collections: { items: { scope: 'all', cursor } },
} as const;

const rows = `SELECT id, v FROM items ORDER BY id`;
const before = Array.from({ length: 10 }, (_, index) => ({ id: index + 1, v: 'old' }));

/** What a full run brought in lies under cursors that an incremental pipeline has saved since. */
async function cursorsOverGeneration(pair: Pair): Promise<Lockstep> {
  await pair.both(items);
  await pair.source.query(`${touching}; INSERT INTO items SELECT n, 'new' FROM generate_series(1, 10) AS n`);
  await pair.target.query(
    `INSERT INTO items SELECT n, 'old', now() - interval '1 day' FROM generate_series(1, 10) AS n`,
  );
  {
    await using first = await pair.engine(full);
    expect(await first.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: 10 }] });
  }
  const engine = await pair.engine(incremental);
  expect(await engine.run('it')).toMatchObject({ extents: [{ reads: 'all' }] });
  // What is read since lies behind the overlap.
  await pair.source.query('SELECT pg_sleep(1.2)');
  await pair.source.query(`INSERT INTO items VALUES (11, 'later')`);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', extents: [{ reads: 'since' }] });
  await pair.expectSame('items');
  return engine;
}

async function takeBack(pair: Pair, engine: Lockstep): Promise<void> {
  expect(await engine.rollBackGeneration('it')).toMatchObject({ generation: { state: 'rolled-back' } });
  expect((await pair.target.query(rows)).rows).toEqual([...before, { id: 11, v: 'later' }]);
  await engine.resume('it', { yes: true });
}

test('a generation that is taken back under cursors takes them along: the next run compares all', async () => {
  await using pair = await openPair();
  const engine = await cursorsOverGeneration(pair);
  await takeBack(pair, engine);
  const planned = await engine.plan('it');
  expect(planned).toMatchObject({ extents: [{ reads: 'all' }] });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', extents: [{ reads: 'all' }] });
  await pair.expectSame('items');
  expect(await engine.run('it')).toMatchObject({ result: 'equal', extents: [{ reads: 'since' }] });
});

test('whoever dies right after the destination has taken it back: that says so itself (rule 4)', async () => {
  await using pair = await openPair();
  {
    await using engine = await cursorsOverGeneration(pair);
    expect(engine.pipelines).toEqual(['it']);
  }
  const sides = {
    source: { connector: 'postgres', url: pair.source.url },
    destination: { connector: 'postgres', url: pair.target.url },
  };
  const config = `export default ${JSON.stringify({ pipelines: { it: { ...incremental, ...sides } } })};`;
  await writeFile(join(pair.directory, 'lockstep.config.mjs'), config);
  const died = await lockstep(['generations', 'it', 'rollback'], {
    cwd: pair.directory,
    env: { LOCKSTEP_FAILPOINT: 'generation.rollback.after-commit' },
  });
  expect(died).toMatchObject({ signal: 'SIGKILL' });
  const engine = await pair.engine(incremental);
  await engine.resume('it', { yes: true });
  const gaps: string[] = [];
  engine.events.on('gap', ({ gap }) => void gaps.push(gap.reason));
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    extents: [{ reads: 'all', why: 'gap' }],
  });
  expect(gaps).toEqual([expect.stringContaining('was taken back')]);
  await pair.expectSame('items');
});

test('a rollback that is refused leaves the cursors as they are', async () => {
  await using pair = await openPair();
  const engine = await cursorsOverGeneration(pair);
  await pair.target.query(`UPDATE items SET v = 'mine' WHERE id = 5`);
  await expect(engine.rollBackGeneration('it')).rejects.toMatchObject({ code: 'generation-overtaken' });
  expect(await engine.run('it')).toMatchObject({ extents: [{ reads: 'since' }] });
});
