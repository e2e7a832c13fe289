import { join } from 'node:path';
import { narrowColumns, narrowRows, wideColumns, wideMapped, wideRows } from './data/orders-wide.sql.ts';
import {
  type Benchmark,
  type BenchmarkOptions,
  type CaseReport,
  type Contestant,
  contest,
} from './harness/benchmark.ts';
import { type ClientTools, findClientTools } from './harness/client-tools.ts';
import { copyPeers } from './harness/copy-peers.ts';
import { BenchDatabases } from './harness/databases.ts';
import { runOurs } from './harness/ours.ts';

interface CopyCase {
  readonly name: string;
  readonly columns: string;
  readonly data: (rows: number) => string;
  readonly rows: number;
  /** The configuration that we run with, and those of ours that are peers. */
  readonly configuration: string;
  readonly ownPeers?: Readonly<Record<string, string>>;
  readonly peers: readonly ('psql' | 'pg_dump' | 'pg_dump-uncompressed' | 'subscription')[];
  /** What arrives, as a query at the source; default: what is there. */
  readonly arriving?: string;
}

const wide = { columns: wideColumns, data: wideRows, rows: 3_000_000 };
const cases: readonly CopyCase[] = [
  {
    name: 'wide',
    ...wide,
    configuration: 'plain',
    peers: ['psql', 'pg_dump', 'pg_dump-uncompressed', 'subscription'],
  },
  {
    name: 'narrow',
    columns: narrowColumns,
    data: narrowRows,
    rows: 5_000_000,
    configuration: 'plain',
    peers: ['psql', 'pg_dump', 'pg_dump-uncompressed', 'subscription'],
  },
  { name: 'created', ...wide, configuration: 'created', peers: ['psql'] },
  {
    name: 'mapped',
    ...wide,
    configuration: 'mapped',
    ownPeers: { 'raw-format': 'plain' },
    peers: [],
    arriving: wideMapped,
  },
];

/** A whole table copied, into a table with its primary key, by default settings. */
export const benchmark: Benchmark = {
  async run(options) {
    await using databases = await BenchDatabases.start();
    const tools = await findClientTools(options.log);
    const reports: CaseReport[] = [];
    for (const item of cases) {
      if (options.only !== null && options.only !== item.name) continue;
      reports.push(await runCase({ databases, tools }, item, options));
    }
    return {
      name: 'postgres-copy',
      cases: reports,
      note: 'PostgreSQL 18, one server, fsync off, data in memory; the start of Node is in our time.',
    };
  },
};

async function runCase(
  { databases, tools }: { databases: BenchDatabases; tools: ClientTools | null },
  item: CopyCase,
  options: BenchmarkOptions,
): Promise<CaseReport> {
  const rows = options.quick ? Math.round(item.rows / 20) : item.rows;
  options.log(`${item.name}: making ${rows.toLocaleString('en')} rows`);
  await databases.execute(
    databases.source,
    `DROP TABLE IF EXISTS bench; CREATE TABLE bench (${item.columns}, PRIMARY KEY (id)); INSERT INTO bench ${item.data(rows)}`,
  );
  await databases.execute(databases.source, 'VACUUM ANALYZE bench');
  const { arriving = 'TABLE bench' } = item;
  const contestants = [
    ourContestant(databases, item, { name: 'ours', configuration: item.configuration, arriving }),
    ...Object.entries(item.ownPeers ?? {}).map(([name, configuration]) =>
      ourContestant(databases, item, { name, configuration, arriving: 'TABLE bench' }),
    ),
    ...(tools === null
      ? []
      : copyPeers(databases, tools, { columns: item.columns, rows, table: 'bench' }).filter(({ name }) =>
          item.peers.some((peer) => peer === name),
        )),
  ];
  const missing = tools === null ? item.peers : [];
  return contest(item.name, contestants, {
    missing,
    rows,
    chosen: options.contestants,
    rounds: options.rounds ?? (options.quick ? 1 : 3),
    log: options.log,
  });
}

function ourContestant(
  databases: BenchDatabases,
  item: CopyCase,
  own: { readonly name: string; readonly configuration: string; readonly arriving: string },
): Contestant {
  let run = 0;
  return {
    name: own.name,
    async prepare() {
      run += 1;
      const create =
        own.configuration === 'created' ? '' : `CREATE TABLE bench (${item.columns}, PRIMARY KEY (id))`;
      await databases.execute(
        databases.target,
        `DROP SCHEMA IF EXISTS lockstep CASCADE; DROP TABLE IF EXISTS bench; ${create}`,
      );
      await databases.execute(databases.target, 'CHECKPOINT');
    },
    run: () =>
      runOurs({
        configuration: own.configuration,
        source: databases.source,
        destination: databases.target,
        verb: 'run',
        store: join(databases.scratch, `${own.name}-${item.name}-${run}.db`),
      }),
    proof: () => databases.expectEqual({ source: own.arriving }),
  };
}
