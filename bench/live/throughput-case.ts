import pg from 'pg';
import { type BenchmarkOptions, type CaseReport, contest, type Run } from '../harness/benchmark.ts';
import type { FollowerOf } from './follower.ts';
import { nobody, notifyPerRow } from './followers/bystanders.ts';
import { engine, stilled } from './followers/engine.ts';
import { subscription } from './followers/subscription.ts';
import { type Load, load } from './pgbench.ts';
import type { LiveServers } from './servers.ts';
import { Sides } from './sides.ts';
import { type Trial, trialContestant } from './trial.ts';

const clients = 16;
const rowsPerClient = 6000;
const orders = {
  tables: `CREATE TABLE bench_orders (id bigserial PRIMARY KEY, customer int, amount int, note text, at timestamptz)`,
  fill: `INSERT INTO bench_orders (customer, amount, note, at)
    SELECT n % 5000, n % 1000, 'an order of customer ' || n % 5000, now() FROM generate_series(1, ${clients * rowsPerClient}) n`,
};

/** Each client updates rows of its own: what is measured is not how they wait for each other. */
const pair = `\\set id 1 + :client_id * ${rowsPerClient} + random(0, ${rowsPerClient - 1})
INSERT INTO bench_orders (customer, amount, note, at) VALUES (:id, 1, 'an order of customer ' || :id, now());
UPDATE bench_orders SET amount = amount + 1, at = now() WHERE id = :id;
`;

interface Writing {
  readonly name: string;
  readonly script: string;
  readonly statementsPerTransaction: number;
  /** Beside a snapshot that is open all the time. */
  readonly snapshot: boolean;
}

export const writings: readonly Writing[] = [
  { name: 'writer-throughput', script: pair, statementsPerTransaction: 2, snapshot: false },
  {
    name: 'writer-throughput-long',
    script: `BEGIN;\n${pair.repeat(500)}COMMIT;\n`,
    statementsPerTransaction: 1000,
    snapshot: true,
  },
];

/**
 * What an application's 16 writers get done while our triggers log and our engine follows, against none, against a NOTIFY per row, against our
 * triggers without the engine, and against native replication without triggers.
 */
export function throughputCase(
  servers: LiveServers,
  { writing, pgbench }: { readonly writing: Writing; readonly pgbench: string },
  options: BenchmarkOptions,
): Promise<CaseReport> {
  const seconds = options.quick ? 3 : 20;
  const contestant = (name: string, follower: FollowerOf) =>
    trialContestant(servers, {
      name,
      follower,
      open: () => Sides.open(servers, orders),
      prepare: ({ sides }) => sides.settle(),
      run: (trial) =>
        write(trial, writing, { program: pgbench, clients, until: { seconds }, script: writing.script }),
    });
  return contest(
    writing.name,
    [
      contestant('triggers', engine('live-triggers')),
      contestant('no-trigger', nobody),
      contestant('notify', notifyPerRow('bench_orders')),
      // What our triggers cost by themselves, and what following costs on this machine's cores by itself.
      contestant('triggers-alone', stilled('live-triggers')),
      contestant('subscription', subscription({ durable: false })),
    ],
    {
      missing: [],
      rows: 0,
      unit: 'statements',
      chosen: options.contestants,
      rounds: options.rounds ?? (options.quick ? 1 : 3),
      log: options.log,
    },
  );
}

async function write({ sides, follower }: Trial, writing: Writing, work: Load): Promise<Run> {
  await using _snapshot = writing.snapshot ? await openSnapshot(sides.source) : null;
  const { transactions, seconds } = await load(sides, work);
  return { seconds, done: transactions * writing.statementsPerTransaction, ...follower.cost() };
}

async function openSnapshot(url: string): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM bench_orders');
  return { [Symbol.asyncDispose]: () => client.end() };
}
