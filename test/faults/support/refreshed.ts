import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { expect } from 'vitest';
import { lockstep, startLockstep } from '../../cli/lockstep.ts';
import type { Child } from '../../support/child.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { openPair, type Pair } from '../../walk/pair.ts';

export interface Refreshed extends AsyncDisposable {
  readonly pair: Pair;
  /** The engine's way to the destination. */
  readonly way: FaultProxy;
  run(...args: readonly string[]): ReturnType<typeof lockstep>;
  start(...args: readonly string[]): Child;
}

/** A generation that changed half of a thousand rows and can be taken back. `destination`: further settings. */
export async function openRefreshed(destination: object = {}): Promise<Refreshed> {
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

/** One of the rows that changed. */
export async function hold({ pair }: Refreshed): Promise<pg.Client> {
  const holder = await pair.target.connect();
  await holder.query('BEGIN; SELECT FROM t WHERE id = 500 FOR UPDATE');
  return holder;
}

export const untilItWaits = ({ pair }: Refreshed) =>
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

export const countOf = async ({ pair }: Refreshed, v: string): Promise<unknown> =>
  (await pair.target.query(`SELECT count(*)::int AS rows FROM t WHERE v = '${v}'`)).rows[0]?.['rows'];
