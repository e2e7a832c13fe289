import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { answerOf, lockstep } from '../cli/lockstep.ts';
import { openPair, type Pair } from './pair.ts';

/** Both have `rows`; the last of `bad` can't be read under its filter, and a row of `good` has drifted. */
async function drifted(pair: Pair): Promise<void> {
  await pair.both(`CREATE TABLE bad (id int PRIMARY KEY, v int); CREATE TABLE good (id int PRIMARY KEY, v int);
    INSERT INTO bad SELECT n, n FROM generate_series(1, 100) AS n;
    INSERT INTO good SELECT n, n FROM generate_series(1, 100) AS n`);
  await pair.target.query('UPDATE good SET v = 0 WHERE id = 7');
}

const collections = { bad: { filter: '1 / (id - 100) <= 0', scope: 'all' }, good: { scope: 'all' } } as const;
const stopped = { collection: 'public.bad', code: 'value-refused' };

test('a collection that can’t be compared is named by verify and plan, and the others are compared', async () => {
  await using pair = await openPair();
  await drifted(pair);
  const engine = await pair.engine({ collections });
  const told: string[] = [];
  engine.events.on('failed', ({ collection }) => void told.push(String(collection)));
  engine.events.on('pass.finished', ({ result }) => void told.push(result));
  const verified = await engine.verify('it');
  expect(verified).toMatchObject({ equal: false, failures: [stopped] });
  expect(verified.collections).toMatchObject([{ collection: 'public.good', different: 1, sourceRows: 100 }]);
  const planned = await engine.plan('it');
  expect(planned).toMatchObject({ inStep: false, failures: [stopped] });
  expect(planned.collections).toMatchObject([{ collection: 'public.good', update: 1 }]);
  expect(told).toEqual(['public.bad', 'failed', 'public.bad', 'failed']);
});

test('what could not be compared is never equal, and the exit code is that of its failure', async () => {
  await using pair = await openPair();
  await drifted(pair);
  await pair.target.query('UPDATE good SET v = id');
  const sides = {
    source: { connector: 'postgres', url: pair.source.url },
    destination: { connector: 'postgres', url: pair.target.url },
  };
  const config = `export default ${JSON.stringify({ pipelines: { it: { ...sides, collections } } })};`;
  await writeFile(join(pair.directory, 'lockstep.config.mjs'), config);
  for (const command of ['verify', 'plan']) {
    const shown = await lockstep([command], { cwd: pair.directory });
    expect([shown.code, shown.stdout]).toEqual([
      2,
      expect.stringMatching(/failed value-refused: .*public\.bad/),
    ]);
    const result = await lockstep([command, '--json'], { cwd: pair.directory });
    expect([result.code, answerOf(result)]).toMatchObject([
      2,
      { ok: false, result: { failures: [stopped] } },
    ]);
  }
});
