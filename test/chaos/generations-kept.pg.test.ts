import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Failpoint } from '../../src/protocol/failpoints.ts';
import { answerOf, lockstep } from '../cli/lockstep.ts';
import { openPair, type Pair } from '../walk/pair.ts';

vi.setConfig({ maxConcurrency: 3, testTimeout: 120_000 });

const shape = 'CREATE TABLE t (id int PRIMARY KEY, v text, n bigserial); CREATE TABLE log (line text)';

/** Which begin no generation where both sides are equal: without a key, and swapped. */
const swapping = {
  collections: { t: { scope: 'all' }, log: { scope: 'all' } },
  refresh: { by: 'swap', keep: 1 },
};

async function configure({ directory, source, target }: Pair, settings: object): Promise<void> {
  const it = {
    source: { connector: 'postgres', url: source.url },
    destination: { connector: 'postgres', url: target.url },
    ...settings,
  };
  await writeFile(
    join(directory, 'lockstep.config.mjs'),
    `export default ${JSON.stringify({ pipelines: { it } })};`,
  );
}

const call = ({ directory }: Pair, args: string, LOCKSTEP_FAILPOINT?: string) =>
  lockstep(args.split(' '), { cwd: directory, env: { LOCKSTEP_FAILPOINT } });

const run = async (pair: Pair): Promise<void> => {
  expect(await call(pair, 'run it')).toMatchObject({ code: 0 });
};

const killedAt = async (pair: Pair, point: Failpoint): Promise<void> => {
  expect(await call(pair, 'run it', point)).toMatchObject({ signal: 'SIGKILL' });
};

/** One generation is in; the source has changed since. */
async function openChanged(): Promise<Pair> {
  const pair = await openPair();
  await configure(pair, swapping);
  await pair.both(shape);
  await pair.source.query(`INSERT INTO t SELECT n, 'new', n FROM generate_series(1, 300) AS n;
    INSERT INTO log SELECT 'new ' || n FROM generate_series(1, 300) AS n`);
  await pair.target.query(`INSERT INTO t SELECT n, 'old', n FROM generate_series(4, 303) AS n;
    INSERT INTO log SELECT 'old ' || n FROM generate_series(1, 300) AS n`);
  await run(pair);
  await pair.source.query(`UPDATE t SET v = 'newer'; UPDATE log SET line = replace(line, 'new', 'newer')`);
  return pair;
}

const listSchema = z.object({
  result: z.object({ generations: z.array(z.object({ id: z.int(), state: z.string() })) }),
});

/** Those of which something is kept, by the journal and by the tables that are there. */
async function keptOf(pair: Pair) {
  const { result } = listSchema.parse(answerOf(await call(pair, 'generations it list --json')));
  const listed = result.generations.filter(({ state }) => state !== 'discarded');
  const { rows } = await pair.target.query<{ id: number }>(
    `SELECT DISTINCT split_part(relname, '_', 3)::int AS id FROM pg_class WHERE relname LIKE 'generation\\_%' AND relkind = 'r' ORDER BY 1`,
  );
  return { listed, tablesOf: rows.map(({ id }) => id) };
}

describe.concurrent('a run killed while older generations are dropped leaves nothing to a run that finds nothing to differ', () => {
  test.each([
    'generation.promote.after-commit',
    'generation.discard.before-commit',
    'generation.discard.after-commit',
  ] as const)('%s', async (point) => {
    await using pair = await openChanged();
    await killedAt(pair, point);
    await run(pair);
    expect(await keptOf(pair)).toEqual({ listed: [{ id: 2, state: 'promoted' }], tablesOf: [2] });
    await pair.expectSame('t');
  });

  test('what it had staged goes too, once both sides are equal without it', async () => {
    await using pair = await openChanged();
    await killedAt(pair, 'generation.seal.after-commit');
    await pair.source.query(`UPDATE t SET v = 'new'; UPDATE log SET line = replace(line, 'newer', 'new')`);
    await run(pair);
    expect(await keptOf(pair)).toEqual({ listed: [{ id: 1, state: 'promoted' }], tablesOf: [1] });
  });

  test.each([
    ['writes directly', { collections: swapping.collections, refresh: { by: 'direct', keep: 1 } }],
    [
      'is incremental',
      {
        mode: 'incremental',
        collections: { t: { scope: 'all', cursor: { column: 'n' } } },
        refresh: { keep: 1 },
      },
    ],
  ])('nor where the pipeline %s since', async (...[, settings]) => {
    await using pair = await openChanged();
    await killedAt(pair, 'generation.promote.after-commit');
    await configure(pair, settings);
    await run(pair);
    expect(await keptOf(pair)).toEqual({ listed: [{ id: 2, state: 'promoted' }], tablesOf: [2] });
  });
});
