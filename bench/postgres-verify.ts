import { join } from 'node:path';
import { wideColumns, wideRows } from './data/orders-wide.sql.ts';
import {
  type Benchmark,
  type BenchmarkOptions,
  type CaseReport,
  type Contestant,
  contest,
} from './harness/benchmark.ts';
import { type ClientTools, findClientTools } from './harness/client-tools.ts';
import { psqlCopy } from './harness/copy-peers.ts';
import { BenchDatabases, type Written } from './harness/databases.ts';
import { type OurResult, runOurs } from './harness/ours.ts';

const fullRows = 3_000_000;

interface Sides {
  readonly databases: BenchDatabases;
  readonly tools: ClientTools | null;
  readonly rows: number;
}

interface Difference {
  readonly collections: readonly {
    readonly different: number;
    readonly samples: { readonly different: readonly string[] };
  }[];
  readonly repaired: { readonly inserted: number; readonly updated: number; readonly left: number } | null;
}

/** Comparing two equal tables but for one row, which must be named; and repairing one row in a thousand, writing only those. */
export const benchmark: Benchmark = {
  async run(options) {
    await using databases = await BenchDatabases.start();
    const tools = await findClientTools(options.log);
    const rows = options.quick ? fullRows / 20 : fullRows;
    await makeBothSides(databases, rows, options);
    const reports: CaseReport[] = [];
    const wanted = (name: string): boolean => options.only === null || options.only === name;
    if (wanted('one-difference')) reports.push(await oneDifference({ databases, tools, rows }, options));
    if (wanted('repair')) reports.push(await repair({ databases, tools, rows }, options));
    const note =
      'PostgreSQL 18, one server, fsync off, data in memory; peers: psql copying all rows into a table with its key, with COPY as it is (`copy`) and in binary (`copy-binary`).';
    return { name: 'postgres-verify', cases: reports, note };
  },
};

async function makeBothSides(
  databases: BenchDatabases,
  rows: number,
  { log }: BenchmarkOptions,
): Promise<void> {
  log(`making ${rows.toLocaleString('en')} rows on both sides`);
  for (const url of [databases.source, databases.target]) {
    await databases.execute(
      url,
      `CREATE TABLE bench (${wideColumns}, PRIMARY KEY (id)); INSERT INTO bench ${wideRows(rows)}`,
    );
    await databases.execute(url, 'VACUUM ANALYZE bench');
  }
}

function oneDifference({ databases, tools, rows }: Sides, options: BenchmarkOptions): Promise<CaseReport> {
  const planted = Math.floor(rows / 2) + 1;
  let found: OurResult | null = null;
  const ours: Contestant = {
    name: 'ours',
    prepare: async () => {
      await databases.execute(databases.target, `UPDATE bench SET score = score + 0.5 WHERE id = ${planted}`);
    },
    run: async () => {
      found = await verifyOnce(databases, 'verify');
      return found;
    },
    proof: async () => {
      const [collection] = differenceOf(found).collections;
      if (collection?.different !== 1 || collection.samples.different[0] !== `["${planted}"]`) {
        throw new Error(`the planted difference was not named: ${JSON.stringify(collection)}`);
      }
      await databases.execute(databases.target, `UPDATE bench SET score = score - 0.5 WHERE id = ${planted}`);
    },
  };
  return contest(
    'one-difference',
    [ours, ...copying({ databases, tools, rows })],
    roundsOf({ databases, tools, rows }, options),
  );
}

function repair({ databases, tools, rows }: Sides, options: BenchmarkOptions): Promise<CaseReport> {
  const wanted = Math.floor(rows / 1000);
  let found: OurResult | null = null;
  let before: Written | null = null;
  const ours: Contestant = {
    name: 'ours',
    prepare: async () => {
      await databases.execute(
        databases.target,
        `UPDATE bench SET quantity = quantity + 1 WHERE id % 1000 = 0`,
      );
      await databases.execute(databases.target, 'VACUUM bench');
      before = await databases.written();
    },
    run: async () => {
      found = await verifyOnce(databases, 'repair');
      return found;
    },
    proof: async () => {
      const { repaired } = differenceOf(found);
      if (repaired?.updated !== wanted || repaired.inserted + repaired.left !== 0) {
        throw new Error(`repair wrote ${JSON.stringify(repaired)} instead of ${wanted} updates`);
      }
      expectUpdates(before, await databases.written(), wanted);
      await databases.expectEqual();
    },
  };
  return contest(
    'repair',
    [ours, ...copying({ databases, tools, rows })],
    roundsOf({ databases, tools, rows }, options),
  );
}

/** As the server counts them: so many rows were updated, and nothing else was written. */
function expectUpdates(before: Written | null, after: Written, wanted: number): void {
  if (before === null) throw new Error('nothing was prepared');
  const inserted = after.inserted - before.inserted;
  const updated = after.updated - before.updated;
  const deleted = after.deleted - before.deleted;
  if (updated !== wanted || inserted + deleted !== 0)
    throw new Error(
      `the server counted ${JSON.stringify({ inserted, updated, deleted })} instead of ${wanted} updates`,
    );
}

const roundsOf = ({ rows, tools }: Sides, options: BenchmarkOptions) => ({
  rows,
  missing: tools === null ? ['copy', 'copy-binary'] : [],
  chosen: options.contestants,
  rounds: options.rounds ?? (options.quick ? 1 : 3),
  log: options.log,
});

function verifyOnce(databases: BenchDatabases, verb: 'verify' | 'repair'): Promise<OurResult> {
  const store = join(databases.scratch, 'verify.db');
  return runOurs({
    configuration: 'everything',
    source: databases.source,
    destination: databases.target,
    verb,
    store,
  });
}

function differenceOf(found: OurResult | null): Difference {
  if (found === null) throw new Error('nothing was run');
  return found.result as Difference;
}

/** psql copying everything into a table of its own with the key, beside ours: as psql does it when nothing is said, and in binary. */
function copying({ databases, tools, rows }: Sides): readonly Contestant[] {
  if (tools === null) return [];
  const copied = { columns: wideColumns, rows, table: 'bench_copy' };
  return [
    psqlCopy(databases, tools, { ...copied, name: 'copy', options: '' }),
    psqlCopy(databases, tools, { ...copied, name: 'copy-binary', options: '(FORMAT binary)' }),
  ];
}
