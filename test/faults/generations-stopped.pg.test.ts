import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { expect, test } from 'vitest';
import { lockstep, startLockstep } from '../cli/lockstep.ts';
import type { Child } from '../support/child.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { openPair, type Pair } from '../walk/pair.ts';

interface Refreshed extends AsyncDisposable {
  readonly pair: Pair;
  /** The engine's way to the destination. */
  readonly way: FaultProxy;
  run(...args: readonly string[]): ReturnType<typeof lockstep>;
  start(...args: readonly string[]): Child;
}

/** A generation that changed half of a thousand rows and can be taken back. `destination`: further settings. */
async function openRefreshed(destination: object = {}): Promise<Refreshed> {
  await using opened = new AsyncDisposableStack();
  const pair = opened.use(await openPair());
  const way = opened.use(await startFaultProxy(pair.target.url));
  await pair.both('CREATE TABLE t (id int PRIMARY KEY, v text)');
  await pair.source.query(`INSERT INTO t SELECT n, 'old' FROM generate_series(1, 1000) AS n`);
  const it = {
    source: { connector: 'postgres', url: pair.source.url },
    destination: { connector: 'postgres', url: way.url(pair.target.url), ...destination },
    collections: ['t'],
    retry: { initialDelayMs: 60_000, maxDelayMs: 60_000 },
  };
  const config = `export default ${JSON.stringify({ pipelines: { it } })};`;
  await writeFile(join(pair.directory, 'lockstep.config.mjs'), config);
  const options = { cwd: pair.directory };
  const run: Refreshed['run'] = (...args) => lockstep(args, options);
  expect(await run('run')).toMatchObject({ code: 0 });
  await pair.source.query(`UPDATE t SET v = 'new' WHERE id % 2 = 0`);
  expect(await run('run')).toMatchObject({ code: 0 });
  const kept = opened.move();
  return {
    pair,
    way,
    run,
    start: (...args) => startLockstep(args, options),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** One row that taking back has to change. */
async function hold({ pair }: Refreshed): Promise<pg.Client> {
  const holder = await pair.target.connect();
  await holder.query('BEGIN; SELECT FROM t WHERE id = 500 FOR UPDATE');
  return holder;
}

const untilItWaits = ({ pair }: Refreshed) =>
  expect
    .poll(
      async () =>
        (
          await pair.target.query(`SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE 'lockstep%'`)
        ).rows.length,
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0);

const countOf = async ({ pair }: Refreshed, v: string): Promise<unknown> =>
  (await pair.target.query(`SELECT count(*)::int AS rows FROM t WHERE v = '${v}'`)).rows[0]?.['rows'];

/** Not paused, and nothing of it taken back. */
async function expectAsItWas(refreshed: Refreshed): Promise<void> {
  expect(await countOf(refreshed, 'new')).toBe(500);
  const { stdout } = await refreshed.run('generations', 'it', 'list', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ result: { generations: [{ state: 'promoted' }] } });
  expect(await refreshed.run('run')).toMatchObject({ code: 0 });
  expect(await refreshed.run('generations', 'it', 'rollback')).toMatchObject({ code: 0 });
  expect(await countOf(refreshed, 'old')).toBe(1000);
}

test('Ctrl-C while a generation is taken back: it is finished when it can be, and said to be', {
  timeout: 60_000,
}, async () => {
  await using refreshed = await openRefreshed();
  const holder = await hold(refreshed);
  await using child = refreshed.start('generations', 'it', 'rollback');
  await untilItWaits(refreshed);
  const ended = child.kill('SIGINT');
  await child.waitForLine('SIGINT: finishing what is under way', { from: 'stderr' });
  await holder.query('COMMIT');
  await holder.end();
  expect(await ended).toMatchObject({ code: 0, stdout: expect.stringContaining('is rolled back') });
  expect(await countOf(refreshed, 'old')).toBe(1000);
  const paused = await refreshed.run('run');
  expect([paused.code, paused.stderr]).toEqual([1, expect.stringContaining('generation 1 was rolled back')]);
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s while taking back waits to try again: nothing of it is done, the pipeline is not paused, and both are said',
  { timeout: 60_000 },
  async (signal) => {
    await using refreshed = await openRefreshed({ statementTimeoutMs: 500 });
    const holder = await hold(refreshed);
    await using child = refreshed.start('generations', 'it', 'rollback');
    await child.waitForLine(/roll the generation back.*again in/, { from: 'stderr' });
    expect(await child.kill(signal)).toMatchObject({
      code: 130,
      stderr: expect.stringContaining(
        'generation 1 was not rolled back, and the pipeline is as it was before',
      ),
    });
    await holder.end();
    await expectAsItWas(refreshed);
  },
);

test('Ctrl-C while taking back waits for a lock longer than draining lasts: nothing of it is done', {
  timeout: 90_000,
}, async () => {
  await using refreshed = await openRefreshed();
  const holder = await hold(refreshed);
  await using child = refreshed.start('generations', 'it', 'rollback');
  await untilItWaits(refreshed);
  expect(await child.kill('SIGINT')).toMatchObject({
    code: 130,
    stderr: expect.stringContaining('generation 1 was not rolled back'),
  });
  await holder.end();
  await expectAsItWas(refreshed);
});

test('Ctrl-C while the destination is away: the pipeline stays paused, the error says what to do, and that ends it', {
  timeout: 90_000,
}, async () => {
  await using refreshed = await openRefreshed({ connectTimeoutMs: 2_000 });
  const holder = await hold(refreshed);
  await using child = refreshed.start('generations', 'it', 'rollback');
  await untilItWaits(refreshed);
  await refreshed.way.refuse();
  refreshed.way.reset();
  await child.waitForLine(/roll the generation back.*again in/, { from: 'stderr' });
  const { code, stderr } = await child.kill('SIGINT');
  expect([code, stderr]).toEqual([
    130,
    expect.stringContaining('the pipeline is paused until `lockstep generations it rollback` says'),
  ]);
  await holder.end();
  await refreshed.way.heal();
  const paused = await refreshed.run('run');
  expect([paused.code, paused.stderr]).toEqual([1, expect.stringContaining('is being rolled back')]);
  expect(await refreshed.run('generations', 'it', 'rollback')).toMatchObject({ code: 0 });
  expect(await countOf(refreshed, 'old')).toBe(1000);
});
