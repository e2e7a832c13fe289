import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../tools/servers/postgres.ts';

export interface Written {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** One server with a source and a target database, and a scratch directory; everything goes when it is disposed. */
export class BenchDatabases implements AsyncDisposable {
  readonly server: PostgresServer;
  readonly source: string;
  readonly target: string;
  readonly scratch: string;

  private constructor(server: PostgresServer, scratch: string) {
    this.server = server;
    this.scratch = scratch;
    this.source = server.url('bench_source');
    this.target = server.url('bench_target');
  }

  /** fsync off and data in memory where there is room: what is compared is the work, not the disk; the same for everybody. */
  static async start(): Promise<BenchDatabases> {
    const server = await startPostgres({
      version: 18,
      settings: { shared_buffers: '4GB', max_wal_size: '8GB', checkpoint_timeout: '30min' },
    });
    await server.createDatabase('bench_source');
    await server.createDatabase('bench_target');
    return new BenchDatabases(server, await mkdtemp(join(tmpdir(), 'lockstep-bench-')));
  }

  execute(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
    return execute(url, sql);
  }

  /** Ground truth: how many rows the destination holds. */
  async expectRows(wanted: number, table = 'bench'): Promise<void> {
    const [row] = await this.execute(this.target, `SELECT count(*)::int AS rows FROM ${table}`);
    if (row?.['rows'] !== wanted)
      throw new Error(`the target holds ${String(row?.['rows'])} rows instead of ${wanted}`);
  }

  /** Ground truth: what two queries bring, one of each side, is the same as text, whatever its order. Nothing of ours takes part. */
  async expectEqual(queries: Partial<Record<'source' | 'target', string>> = {}): Promise<void> {
    const { source = 'TABLE bench', target = 'TABLE bench' } = queries;
    const [there] = await this.execute(this.source, fingerprint(source));
    const [here] = await this.execute(this.target, fingerprint(target));
    if (JSON.stringify(here) !== JSON.stringify(there))
      throw new Error(`the target holds ${JSON.stringify(here)}, and should hold ${JSON.stringify(there)}`);
  }

  /** Rows that were ever written into a table of the target, as its server counts them, once whoever wrote has gone. */
  async written(table = 'bench'): Promise<Written> {
    await this.#alone();
    const [row] = await this.execute(
      this.target,
      `SELECT n_tup_ins::int AS inserted, n_tup_upd::int AS updated, n_tup_del::int AS deleted
         FROM pg_stat_user_tables WHERE relid = '${table}'::regclass`,
    );
    return {
      inserted: Number(row?.['inserted']),
      updated: Number(row?.['updated']),
      deleted: Number(row?.['deleted']),
    };
  }

  /** A session tells what it wrote when it ends, at the latest. */
  async #alone(): Promise<void> {
    const others = `SELECT count(*)::int AS others FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`;
    const giveUpAt = performance.now() + 30_000;
    for (;;) {
      const [row] = await this.execute(this.target, others);
      if (row?.['others'] === 0) return;
      if (performance.now() > giveUpAt) throw new Error('somebody is still connected to the target');
      await pause(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await rm(this.scratch, { recursive: true, force: true });
  }
}

const fingerprint = (query: string): string =>
  `SELECT count(*)::int AS rows, sum(('x' || left(md5(t::text), 16))::bit(64)::bigint)::text AS hash FROM (${query}) AS t`;

/** On a connection of its own; rows of the last statement. */
export async function execute(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = (await client.query(sql)) as { rows: Record<string, unknown>[] };
    return rows;
  } finally {
    await client.end();
  }
}
