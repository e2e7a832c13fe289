import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type PostgresServer, startPostgres } from '../../tools/servers/postgres.ts';
import { until } from '../chaos/world/until.ts';
import { ownSide, type Side } from '../live/support/side.ts';
import { startStandby } from '../live/support/standby.ts';
import { expectSameTable } from '../support/export.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { openTrial, type TrialOptions } from './support/trial.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let primary: PostgresServer;
let standby: PostgresServer;
let source: Side;

const table = 'CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL)';
const rows = 20_000;

beforeAll(async () => {
  primary = await startPostgres({ version: 18, settings: { wal_level: 'logical' } });
  source = await ownSide(primary);
  await source.query(
    `${table}; INSERT INTO items SELECT n, 'first ' || repeat('x', 100) FROM generate_series(1, ${rows}) AS n`,
  );
  // Whoever reads what the primary has cleaned up is ended at once.
  standby = await startStandby(primary, {
    max_standby_streaming_delay: '0',
    wal_receiver_status_interval: '1',
  });
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await standby[Symbol.asyncDispose]();
  await primary[Symbol.asyncDispose]();
});

const standbyUrl = (): string => standby.url(new URL(source.url).pathname.slice(1));

/** The standby has replayed all that the primary has written. */
async function replayed(): Promise<void> {
  const [now] = await source.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  await using client = await standby.connect('postgres');
  await until('the standby has it too', async () => {
    const { rows: found } = await client.query<{ has: boolean }>(
      `SELECT pg_last_wal_replay_lsn() >= '${now?.lsn}'::pg_lsn AS has`,
    );
    return found[0]?.has === true;
  });
}

/** Rewrites rows that a snapshot still sees and cleans the former ones up, which ends whoever holds it. */
async function cleanUp(): Promise<void> {
  await source.query(`UPDATE items SET name = name || '.' WHERE id % 7 = 0`);
  await source.query('VACUUM items');
}

/** A pipeline from the standby to an empty table. */
async function openPipeline(more: Partial<TrialOptions> = {}) {
  await using opened = new AsyncDisposableStack();
  const target = opened.use(await createTestDatabase());
  await target.query(table);
  const from = { source: standbyUrl(), target: target.url, collections: ['items'] };
  const trial = opened.use(await openTrial({ ...from, ...more }));
  const kept = opened.move();
  return {
    ...trial,
    target,
    expectSame: () =>
      expectSameTable({ url: source.url, table: 'items' }, { url: target.url, table: 'items' }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

test('a standby is copied and compared like its primary', async () => {
  await replayed();
  await using pipeline = await openPipeline();
  expect(await pipeline.engine.check()).toMatchObject([
    { ok: true, findings: [{ level: 'info', code: 'postgres-standby', subject: 'source' }] },
  ]);
  expect(await pipeline.run()).toMatchObject({ result: 'equal' });
  expect(await pipeline.expectSame()).toBe(rows);
  await source.query(
    `UPDATE items SET name = 'second' WHERE id <= 100; DELETE FROM items WHERE id > ${rows - 50}`,
  );
  await replayed();
  expect(await pipeline.run()).toMatchObject({ result: 'equal' });
  expect(await pipeline.engine.verify('trial')).toMatchObject({ equal: true });
  await pipeline.expectSame();
});

test('cursors at a standby: check says that transactions of the primary can’t be seen there', async () => {
  await replayed();
  const trial = {
    collections: { items: { cursor: { column: 'id' } } },
    settings: { mode: 'incremental' },
  } as const;
  const told = async (more: Partial<TrialOptions>) => {
    await using pipeline = await openPipeline({ ...trial, ...more });
    const [checked] = await pipeline.engine.check();
    return checked?.findings.filter(({ code }) => code === 'cursor-on-standby');
  };
  expect(await told({})).toMatchObject([
    { level: 'warning', subject: 'source', cure: expect.stringMatching(/cursor\.overlap/) },
  ]);
  expect(await told({ source: source.url })).toEqual([]);
});

test('reads that the primary’s cleaning ends are made anew, and nothing is mixed or missing', async () => {
  await using pipeline = await openPipeline({ settings: { rowsPerPartition: 500 } });
  const { target, log } = pipeline;
  await using at = await standby.connect('postgres');
  const isThere = async (sql: string): Promise<boolean> => (await at.query(sql)).rows.length > 0;
  const locker = await target.connect();
  await locker.query('BEGIN; LOCK TABLE items IN SHARE MODE');
  const running = pipeline.run();
  await until('it writes, and holds its snapshot at the standby', async () => {
    const waits = await target.query(
      `SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation = 'items'::regclass`,
    );
    const holds = `SELECT FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND application_name LIKE 'lockstep trial %'`;
    return waits.rows.length > 0 && (await isThere(holds));
  });
  await until('its snapshot is ended', async () => {
    await cleanUp();
    return await isThere('SELECT FROM pg_stat_database_conflicts WHERE confl_snapshot > 0');
  });
  await locker.query('ROLLBACK');
  expect(await running).toMatchObject({ result: 'equal' });
  expect(log.all('retry')).toContainEqual(expect.objectContaining({ code: 'snapshot-lost' }));
  await replayed();
  await pipeline.run();
  expect(await pipeline.engine.verify('trial')).toMatchObject({ equal: true });
  await pipeline.expectSame();
});

test.each(['logical', 'triggers'] as const)('capture by %s is refused at a standby', async (kind) => {
  const sourceConfig = { capture: kind === 'logical' ? { kind } : { kind } };
  await using pipeline = await openPipeline({ sourceConfig, settings: { mode: 'live' } });
  const [checked] = await pipeline.engine.check();
  expect(checked?.findings.filter(({ level }) => level === 'error')).toMatchObject([
    { code: 'postgres-standby-captured', subject: 'source', cure: expect.stringMatching(/primary/) },
  ]);
  await expect(pipeline.engine.start('trial')).rejects.toMatchObject({ code: 'not-ready', exitCode: 3 });
});
