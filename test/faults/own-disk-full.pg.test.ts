import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { lockstep, startLockstep } from '../cli/lockstep.ts';
import { expectSameTable } from '../support/export.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Enough for the control store, and less than what has to be spilled. */
const largestFileKib = 1024;
const rows = 20_000;

interface Drifted extends AsyncDisposable {
  readonly target: TestDatabase;
  readonly cwd: string;
  expectSame(): Promise<number>;
}

/** Keys of a hundred characters, of which half have to leave the target. */
async function openDrifted(): Promise<Drifted> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  const target = opened.use(await createTestDatabase());
  for (const side of [source, target])
    await side.query('CREATE TABLE t (id text COLLATE "C" PRIMARY KEY, v int)');
  const fill = (from: number, to: number) =>
    `INSERT INTO t SELECT lpad(n::text, 100, '0'), n FROM generate_series(${from}, ${to}) AS n`;
  await source.query(fill(1, rows));
  await target.query(fill(1, 2 * rows));
  const it = {
    source: { connector: 'postgres', url: source.url },
    destination: { connector: 'postgres', url: target.url },
    collections: { t: { scope: 'all' } },
    guard: { maxLeavingShare: 1 },
    schedule: { every: '1d' },
  };
  const config = `export default ${JSON.stringify({ pipelines: { it } })};`;
  const { path: cwd } = opened.use(await temporaryDirectory({ 'lockstep.config.mjs': config }));
  const kept = opened.move();
  return {
    target,
    cwd,
    expectSame: () => expectSameTable({ url: source.url, table: 't' }, { url: target.url, table: 't' }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const countOf = async ({ target }: Drifted): Promise<unknown> =>
  (await target.query('SELECT count(*)::int AS rows FROM t')).rows[0]?.['rows'];

test('our own disk is full: the run ends with what to do, nothing is written or left, and with room it goes on', {
  timeout: 90_000,
}, async () => {
  await using drifted = await openDrifted();
  const { cwd } = drifted;
  const full = await lockstep(['run'], { cwd, largestFileKib });
  expect([full.code, full.stderr]).toEqual([1, expect.stringContaining('error spill-failed: ')]);
  expect(full.stderr).toMatch(/EFBIG|ENOSPC/);
  expect(full.stderr).toContain('Make room or give rights there');
  expect(await countOf(drifted)).toBe(2 * rows);
  expect(await readdir(cwd)).toEqual(expect.arrayContaining(['.lockstep']));
  expect(await readdir(`${cwd}/.lockstep/spill`)).toEqual([]);
  expect(await lockstep(['run'], { cwd })).toMatchObject({ code: 0 });
  expect(await drifted.expectSame()).toBe(rows);
});

test('a schedule outlives our own full disk: the run is told as failed, and the service goes on', {
  timeout: 90_000,
}, async () => {
  await using drifted = await openDrifted();
  await using child = startLockstep(['start', '--no-http'], { cwd: drifted.cwd, largestFileKib });
  await child.waitForLine(/spill-failed/, { timeoutMs: 60_000 });
  await expect
    .poll(async () => (await lockstep(['status'], { cwd: drifted.cwd })).stdout, { timeout: 20_000 })
    .toContain('spill-failed');
  expect(await countOf(drifted)).toBe(2 * rows);
  expect(await child.kill('SIGTERM')).toMatchObject({ code: 0 });
});
