import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { expect, test } from 'vitest';
import { startPostgres } from '../../tools/servers/postgres.ts';
import { answerOf } from '../cli/lockstep.ts';
import { type Child, startChild } from '../support/child.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const rows = 1_000_000;
/** Half as much again as was measured, as allocators differ. */
const limitsMb = { copy: 200, verify: 180, mappedCopy: 215, mappedVerify: 240 };

const config = `
import { defineConfig, env } from 'lockstep';
const sides = {
  source: { connector: 'postgres', url: env('SOURCE_URL') },
  destination: { connector: 'postgres', url: env('DESTINATION_URL') },
  create: true,
};
export default defineConfig({
  pipelines: {
    plain: { ...sides, collections: ['wide'] },
    mapped: { ...sides, collections: { wide: { target: 'mapped', map: (row) => (row.id % 100 === 0 ? null : { ...row, n: row.n + 1 }) } } },
  },
});
`;

/** A gigabyte passes through a process that may not grow with it. Peaks are the kernel's (VmHWM), which only Linux tells. */
test.skipIf(process.platform !== 'linux')(
  'a million rows of a kilobyte are copied, verified and mapped in bounded memory (rule 10)',
  async () => {
    await using sides = await openSides();
    await writeFile(`${sides.directory}/lockstep.config.ts`, config);
    await sides.source.query(`CREATE TABLE wide (id int PRIMARY KEY, n int, filler text);
      INSERT INTO wide SELECT n, n, repeat(md5(n::text), 31) FROM generate_series(1, ${rows}) AS n; ANALYZE wide`);
    const peaks = {
      copy: await peakMb(sides, 'run', 'plain'),
      verify: await peakMb(sides, 'verify', 'plain'),
      mappedCopy: await peakMb(sides, 'run', 'mapped'),
      mappedVerify: await peakMb(sides, 'verify', 'mapped'),
    };
    console.info('peak RSS in MB:', peaks);
    const { rows: counts } = await sides.target.query(
      'SELECT (SELECT count(*)::int FROM wide) AS plain, (SELECT count(*)::int FROM mapped) AS mapped',
    );
    expect(counts).toEqual([{ plain: rows, mapped: rows * 0.99 }]);
    expect(peaks.copy).toBeLessThan(limitsMb.copy);
    expect(peaks.verify).toBeLessThan(limitsMb.verify);
    expect(peaks.mappedCopy).toBeLessThan(limitsMb.mappedCopy);
    expect(peaks.mappedVerify).toBeLessThan(limitsMb.mappedVerify);
  },
  600_000,
);

interface Sides extends AsyncDisposable {
  readonly source: pg.Client;
  readonly target: pg.Client;
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
}

/** On a server of their own: a transaction of a gigabyte holds up whoever waits, on the same server, until older ones have ended. */
async function openSides(): Promise<Sides> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await startPostgres({ version: 18 }));
  const open = async (name: string): Promise<pg.Client> => {
    await server.createDatabase(name);
    const client = new pg.Client({ connectionString: server.url(name) });
    await client.connect();
    opened.defer(() => client.end());
    return client;
  };
  const { path: directory } = opened.use(await temporaryDirectory());
  const [source, target] = [await open('source'), await open('target')];
  const kept = opened.move();
  return {
    source,
    target,
    env: { SOURCE_URL: server.url('source'), DESTINATION_URL: server.url('target') },
    directory,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function peakMb({ env, directory }: Sides, ...args: readonly string[]): Promise<number> {
  const bin = fileURLToPath(new URL('../../bin/lockstep.mjs', import.meta.url));
  await using child = startChild({ file: bin, args: [...args, '--json', '--quiet'], cwd: directory, env });
  const [peak, result] = await Promise.all([watchPeak(child), child.ended]);
  expect({ args, answer: answerOf(result), stderr: result.stderr }).toMatchObject({ answer: { ok: true } });
  return Math.round(peak / 1024);
}

/** In kB: the mark only rises, so the last look before the end is enough. */
async function watchPeak({ pid, ended }: Child): Promise<number> {
  let peak = 0;
  let running = true;
  void ended.then(() => (running = false));
  while (running) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    await delay(50);
  }
  return peak;
}
