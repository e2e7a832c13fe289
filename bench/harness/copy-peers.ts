import type { Contestant, Run } from './benchmark.ts';
import type { ClientTools } from './client-tools.ts';
import type { BenchDatabases } from './databases.ts';
import { timeShell } from './shell.ts';

/** PostgreSQL's own ways of bringing a table to another database. */
export function copyPeers(
  databases: BenchDatabases,
  tools: ClientTools,
  { columns, rows, table }: { readonly columns: string; readonly rows: number; readonly table: string },
): readonly Contestant[] {
  const fresh = async (): Promise<void> => {
    await databases.execute(
      databases.target,
      `DROP TABLE IF EXISTS ${table}; CREATE TABLE ${table} (${columns}, PRIMARY KEY (id))`,
    );
    await databases.execute(databases.target, 'CHECKPOINT');
  };
  const shell = (name: string, command: string): Contestant => ({
    name,
    prepare: fresh,
    run: async () => outside(await timeShell(command)),
    proof: () => databases.expectRows(rows, table),
  });
  const { source, target } = databases;
  return [
    shell(
      'psql',
      `${tools.psql} '${source}' -qc 'COPY bench TO STDOUT (FORMAT binary)' | ${tools.psql} '${target}' -qc 'COPY ${table} FROM STDIN (FORMAT binary)'`,
    ),
    shell(
      'pg_dump',
      `${tools.pgDump} '${source}' -Fc -Z0 --data-only -t bench | ${tools.pgRestore} -d '${target}'`,
    ),
    subscription(databases, fresh, rows),
  ];
}

/** A native subscription's initial table synchronisation, until its state is `r` (ready). */
function subscription(databases: BenchDatabases, fresh: () => Promise<void>, rows: number): Contestant {
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
      await fresh();
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
      await databases.expectRows(rows);
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
