import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockstep } from '../cli/lockstep.ts';
import { tableDigest } from '../support/export.ts';
import { openPair } from '../walk/pair.ts';

const shape = 'CREATE TABLE t (id int PRIMARY KEY, v text)';

/** Both die once: before anything of the rollback is durable, and after it is at the destination but not known in the control store. */
test.each(['before', 'after'] as const)(
  'killed %s a live pipeline’s first copy was taken back: it can be taken back again, and made again (rule 4)',
  { timeout: 120_000 },
  async (when) => {
    await using pair = await openPair({ source: 18 });
    const { source, target, directory } = pair;
    await pair.both(shape);
    await source.query(`INSERT INTO t SELECT n, 'new' FROM generate_series(1, 500) AS n`);
    await target.query(`INSERT INTO t SELECT n, 'old' FROM generate_series(6, 510) AS n`);
    const it = {
      mode: 'live',
      source: { connector: 'postgres', url: source.url, capture: { kind: 'triggers' } },
      destination: { connector: 'postgres', url: target.url },
      collections: { t: { scope: 'all' } },
    };
    const config = `export default ${JSON.stringify({ pipelines: { it } })};`;
    await writeFile(join(directory, 'lockstep.config.mjs'), config);
    const run = (args: string, LOCKSTEP_FAILPOINT?: string) =>
      lockstep(args.split(' '), { cwd: directory, env: { LOCKSTEP_FAILPOINT } });
    const digest = () => tableDigest({ url: target.url, table: 't' });
    const before = await digest();
    expect(await run('run it')).toMatchObject({ code: 0 });
    await pair.expectSame('t');
    const killed = await run('generations it rollback', `generation.rollback.${when}-commit`);
    expect(killed).toMatchObject({ signal: 'SIGKILL' });
    expect(await run('run it')).toMatchObject({ code: 1 });
    expect(await run('generations it rollback')).toMatchObject({ code: 0 });
    expect(await digest()).toEqual(before);
    expect(await run('resume it')).toMatchObject({ code: 1 });
    expect(await run('resume it --yes')).toMatchObject({ code: 0 });
    expect(await run('run it')).toMatchObject({ code: 0 });
    await pair.expectSame('t');
    expect(await run('remove it --yes')).toMatchObject({ code: 0 });
  },
);
