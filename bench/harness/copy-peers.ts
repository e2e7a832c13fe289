import type { Contestant, Run } from './benchmark.ts';
import type { ClientTools } from './client-tools.ts';
import type { BenchDatabases } from './databases.ts';
import { timeShell } from './shell.ts';

interface Copied {
  readonly columns: string;
  readonly rows: number;
  readonly table: string;
}

/** PostgreSQL's own ways of bringing a table to another database. */
export function copyPeers(
  databases: BenchDatabases,
  tools: ClientTools,
  copied: Copied,
): readonly Contestant[] {
  return [
    psqlCopy(databases, tools, { ...copied, name: 'psql', options: '(FORMAT binary)' }),
    dump(databases, tools, { ...copied, name: 'pg_dump', options: '-Fc' }),
    dump(databases, tools, { ...copied, name: 'pg_dump-uncompressed', options: '-Fc -Z0' }),
    subscription(databases, copied),
  ];
}

/** pg_dump piped into pg_restore, which takes no plain format. Its default compresses; without, it is at its fastest. */
function dump(
  databases: BenchDatabases,
  tools: ClientTools,
  { name, options, ...copied }: Copied & { readonly name: string; readonly options: string },
): Contestant {
  const { source, target } = databases;
  const command = `${tools.pgDump} '${source}' ${options} --data-only -t bench | ${tools.pgRestore} -d '${target}'`;
  return { ...intoFresh(databases, copied), name, run: async () => outside(await timeShell(command)) };
}

/** psql on both ends of a pipe. `options`: of COPY; psql's default is text. */
export function psqlCopy(
  databases: BenchDatabases,
  tools: ClientTools,
  { name, options, ...copied }: Copied & { readonly name: string; readonly options: string },
): Contestant {
  const { source, target } = databases;
  const command =
    `${tools.psql} '${source}' -qc 'COPY bench TO STDOUT ${options}' | ` +
    `${tools.psql} '${target}' -qc 'COPY ${copied.table} FROM STDIN ${options}'`;
  return { ...intoFresh(databases, copied), name, run: async () => outside(await timeShell(command)) };
}

/** An empty table with its key before, all rows after. */
const intoFresh = (databases: BenchDatabases, { columns, rows, table }: Copied) => ({
  prepare: async (): Promise<void> => {
    await databases.execute(
      databases.target,
      `DROP TABLE IF EXISTS ${table}; CREATE TABLE ${table} (${columns}, PRIMARY KEY (id))`,
    );
    await databases.execute(databases.target, 'CHECKPOINT');
  },
  proof: () => databases.expectRows(rows, table),
});

/** A native subscription's initial table synchronisation, until its state is `r` (ready). */
function subscription(databases: BenchDatabases, copied: Copied): Contestant {
  const fresh = intoFresh(databases, copied);
  const { source, target } = databases;
  const drop = async (): Promise<void> => {
    const [known] = await databases.execute(target, `SELECT 1 FROM pg_subscription WHERE subname = 'bench'`);
    if (known !== undefined) await databases.execute(target, 'DROP SUBSCRIPTION bench');
    await databases.execute(source, 'DROP PUBLICATION IF EXISTS bench');
  };
  return {
    name: 'subscription',
    async prepare() {
      await drop();
      await fresh.prepare();
      await databases.execute(source, 'CREATE PUBLICATION bench FOR TABLE bench');
      // On one server the slot can't be made inside the statement: it would wait for the statement's own transaction.
      await databases.execute(source, `SELECT pg_create_logical_replication_slot('bench', 'pgoutput')`);
    },
    async run() {
      const startedAt = performance.now();
      const connection = `host=127.0.0.1 port=${databases.server.port} dbname=bench_source user=${new URL(source).username}`;
      await databases.execute(
        target,
        `CREATE SUBSCRIPTION bench CONNECTION '${connection}' PUBLICATION bench WITH (create_slot = false, slot_name = 'bench')`,
      );
      await synchronised(databases);
      return outside((performance.now() - startedAt) / 1000);
    },
    async proof() {
      await fresh.proof();
      await drop();
    },
  };
}

async function synchronised(databases: BenchDatabases): Promise<void> {
  for (;;) {
    const [row] = await databases.execute(
      databases.target,
      `SELECT count(*)::int AS open FROM pg_subscription_rel WHERE srsubstate NOT IN ('s', 'r')`,
    );
    if (row?.['open'] === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What a peer costs in CPU and memory is not ours to count. */
const outside = (seconds: number): Run => ({ seconds, cpuSeconds: 0, peakRssMb: 0 });
