import { join } from 'node:path';
import { wideColumns, wideRows } from './data/orders-wide.sql.ts';
import { type Benchmark, type Contestant, contest } from './harness/benchmark.ts';
import { type ClientTools, findClientTools } from './harness/client-tools.ts';
import { BenchDatabases } from './harness/databases.ts';
import { runOurs } from './harness/ours.ts';
import { watchReaders } from './harness/readers.ts';
import { timeShell } from './harness/shell.ts';

const fullRows = 3_000_000;

/**
 * A refresh of a table of which 1 % has changed (eight tenths of it updates, one tenth inserts, one tenth deletes), beside truncating it and
 * copying it again with its key. Somebody reads the table all the while: how long the longest read took is what readers wait.
 */
export const benchmark: Benchmark = {
  async run(options) {
    await using databases = await BenchDatabases.start();
    const tools = await findClientTools(options.log);
    const rows = options.quick ? fullRows / 20 : fullRows;
    options.log(`making ${rows.toLocaleString('en')} rows at the source`);
    await databases.execute(
      databases.source,
      `CREATE TABLE bench (${wideColumns}, PRIMARY KEY (id)); INSERT INTO bench ${wideRows(rows)}`,
    );
    await databases.execute(databases.target, `CREATE TABLE bench (${wideColumns}, PRIMARY KEY (id))`);
    const waits = new Map<string, number>();
    const sides = { databases, rows, waits };
    const contestants = [
      ours(sides),
      ...(tools === null ? [] : copies.map((each) => truncating(sides, tools, each))),
    ];
    const report = await contest('refresh', contestants, {
      rows,
      rounds: options.rounds ?? (options.quick ? 1 : 3),
      chosen: options.contestants,
      missing: tools === null ? copies.map(({ name }) => name) : [],
      log: options.log,
    });
    const longest = [...waits].map(([name, ms]) => `${name} ${Math.round(ms)} ms`).join(', ');
    const note = `PostgreSQL 18, one server, fsync off, data in memory; peers: TRUNCATE and psql's COPY in one transaction, as it is (\`copy\`) and in binary (\`copy-binary\`). The longest that a reader of one row by its key, at full speed, waited: ${longest}.`;
    return { name: 'postgres-full', cases: [report], note };
  },
};

interface Sides {
  readonly databases: BenchDatabases;
  readonly rows: number;
  /** The longest wait of a reader, by contestant. */
  readonly waits: Map<string, number>;
}

/** Deletes rows at one end of the keys and appends as many at the other. */
async function changeSource({ databases, rows }: Sides): Promise<void> {
  const share = Math.floor(rows / 1000);
  await databases.execute(
    databases.source,
    `UPDATE bench SET score = score + 0.5 WHERE id % 125 = 7;
     CREATE TEMPORARY TABLE moved AS SELECT * FROM bench ORDER BY id LIMIT ${share};
     DELETE FROM bench WHERE id IN (SELECT id FROM moved);
     UPDATE moved SET id = id + ${rows};
     INSERT INTO bench SELECT * FROM moved`,
  );
  await databases.execute(databases.source, 'VACUUM ANALYZE bench');
}

async function whileRead<Result>(name: string, sides: Sides, work: () => Promise<Result>): Promise<Result> {
  const { databases, waits, rows } = sides;
  const readers = await watchReaders(databases.target, `SELECT score FROM bench WHERE id = ${rows >> 1}`);
  try {
    return await work();
  } finally {
    waits.set(name, Math.max(waits.get(name) ?? 0, await readers.longestMs()));
  }
}

function ours(sides: Sides): Contestant {
  const { databases, rows } = sides;
  const refresh = () =>
    runOurs({
      configuration: 'everything',
      source: databases.source,
      destination: databases.target,
      verb: 'run',
      store: join(databases.scratch, 'full.db'),
    });
  let isFilled = false;
  return {
    name: 'ours',
    prepare: async () => {
      if (!isFilled) await refresh();
      isFilled = true;
      await changeSource(sides);
      await databases.execute(databases.target, 'VACUUM ANALYZE bench');
      await databases.execute(databases.target, 'CHECKPOINT');
    },
    run: () => whileRead('ours', sides, refresh),
    proof: () => expectSame(databases, rows),
  };
}

/** Copying as psql does it when nothing is said, and at its fastest. */
const copies = [
  { name: 'copy', options: '' },
  { name: 'copy-binary', options: '(FORMAT binary)' },
] as const;

function truncating(
  sides: Sides,
  { psql }: ClientTools,
  { name, options }: (typeof copies)[number],
): Contestant {
  const { databases, rows } = sides;
  const { source, target } = databases;
  const command =
    `${psql} '${source}' -qc 'COPY bench TO STDOUT ${options}' | ` +
    `${psql} '${target}' -q1c 'TRUNCATE bench' -c 'COPY bench FROM STDIN ${options}'`;
  return {
    name,
    prepare: async () => {
      await databases.execute(target, 'CHECKPOINT');
    },
    run: () =>
      whileRead(name, sides, async () => ({
        seconds: await timeShell(command),
        cpuSeconds: 0,
        peakRssMb: 0,
      })),
    proof: () => expectSame(databases, rows),
  };
}

/** Both sides by an independent sum over all columns. */
async function expectSame(databases: BenchDatabases, rows: number): Promise<void> {
  const sum = 'SELECT count(*)::int AS rows, sum(hashtextextended(b::text, 0))::text AS sum FROM bench AS b';
  const [[from], [to]] = [
    await databases.execute(databases.source, sum),
    await databases.execute(databases.target, sum),
  ];
  if (from?.['sum'] !== to?.['sum'] || to?.['rows'] !== rows)
    throw new Error(
      `the sides differ: ${JSON.stringify(from)} at the source, ${JSON.stringify(to)} at the target`,
    );
}
