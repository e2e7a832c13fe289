import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../tools/servers/postgres.ts';

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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await rm(this.scratch, { recursive: true, force: true });
  }
}

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
