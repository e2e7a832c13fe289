import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { type Failpoint, failpoints } from '../../src/protocol/failpoints.ts';
import { lockstep } from '../cli/lockstep.ts';
import { tableDigest } from '../support/export.ts';
import { openPair, type Pair } from '../walk/pair.ts';
import { reachedIn } from './lives.ts';

vi.setConfig({ maxConcurrency: 3, testTimeout: 120_000 });

const shape = `CREATE TABLE t (id int PRIMARY KEY, v text UNIQUE, n bigserial);
  CREATE INDEX ON t (n) WHERE n > 5; ALTER TABLE t REPLICA IDENTITY FULL`;

const run = (pair: Pair, args: string, LOCKSTEP_FAILPOINT?: string) =>
  lockstep(args.split(' '), { cwd: pair.directory, env: { LOCKSTEP_FAILPOINT } });

async function configure({ directory, source, target }: Pair): Promise<void> {
  const it = {
    source: { connector: 'postgres', url: source.url },
    destination: { connector: 'postgres', url: target.url },
    collections: { t: { scope: 'all' } },
    refresh: { by: 'swap' },
  };
  await writeFile(
    join(directory, 'lockstep.config.mjs'),
    `export default ${JSON.stringify({ pipelines: { it } })};`,
  );
}

/** Which command gets there. */
const commandOf = (point: Failpoint): string =>
  point.startsWith('generation.rollback.')
    ? 'generations it rollback'
    : point.startsWith('generation.discard.')
      ? 'generations it discard 2'
      : 'run it';

const left = `SELECT relname FROM pg_class WHERE relname LIKE 'generation\\_%' OR relname = 'generations'`;

describe.concurrent('an engine killed while a table is swapped, swapped back, or dropped (rule 4)', () => {
  const points = failpoints.filter(
    (point) => point.startsWith('generation.') && reachedIn[point].lives.includes('staged'),
  );
  test.each(points)('%s', async (point) => {
    await using pair = await openPair();
    await configure(pair);
    await pair.both(shape);
    await pair.source.query(`INSERT INTO t SELECT n, 'new ' || n, n FROM generate_series(1, 300) AS n`);
    await pair.target.query(`INSERT INTO t SELECT n, 'old ' || n, n FROM generate_series(4, 303) AS n`);
    const digest = () => tableDigest({ url: pair.target.url, table: 't' });
    const before = await digest();
    const whole = [before];
    const command = commandOf(point);
    const act = async (args: string): Promise<void> => {
      if (args === command && whole.length === 1) {
        expect(await run(pair, args, point)).toMatchObject({ signal: 'SIGKILL' });
        whole.push(before);
      }
      expect(await run(pair, args)).toMatchObject({ code: 0 });
    };
    await act('run it');
    await pair.expectSame('t');
    if (command === 'generations it rollback') {
      await act(command);
      expect(await digest()).toEqual(before);
      await act('resume it --yes');
      await act('run it');
      await pair.expectSame('t');
    }
    if (command === 'generations it discard 2') {
      await pair.source.query(`UPDATE t SET v = 'newer ' || id`);
      await act('run it');
      await act(command);
    }
    expect(whole, `${point} is registered, and nothing reaches it`).toHaveLength(2);
    await pair.expectSame('t');
    await act('remove it --yes');
    expect((await pair.target.query(left)).rows).toEqual([]);
    await pair.expectSame('t');
  });
});
