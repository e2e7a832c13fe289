import { load } from './pgbench.ts';
import type { Sides, Tables } from './sides.ts';

/** Changes that wait in the source's log when somebody begins to follow. */
export interface Workload extends Tables {
  readonly name: string;
  readonly changes: number;
  readonly rounds: number;
  readonly load: (sides: Sides) => Promise<unknown>;
}

interface Amount {
  readonly quick: boolean;
  readonly pgbench: string;
}

const clients = 8;

/** All cases in which a backlog is followed to its end. */
export const workloads = (amount: Amount): readonly Workload[] => [
  tpcB(amount),
  largeTransactions(amount),
  fewRepeats(amount),
  oneTransaction(amount),
];

/** pgbench's TPC-B: three updates and an insert a transaction; the rows of tellers and branches change again and again. */
function tpcB({ quick, pgbench }: Amount): Workload {
  const scale = quick ? 2 : 10;
  const transactions = (quick ? 12_000 : 226_000) / clients;
  return {
    name: 'catch-up',
    changes: transactions * clients * 4,
    rounds: quick ? 1 : 3,
    tables: `
      CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
      CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
      CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
      CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22), id bigserial PRIMARY KEY)`,
    fill: `
      INSERT INTO pgbench_branches SELECT n, 0 FROM generate_series(1, ${scale}) n;
      INSERT INTO pgbench_tellers SELECT n, (n - 1) / 10 + 1, 0 FROM generate_series(1, ${scale * 10}) n;
      INSERT INTO pgbench_accounts SELECT n, (n - 1) / 100000 + 1, 0, '' FROM generate_series(1, ${scale * 100_000}) n`,
    load: (sides) => load(sides, { program: pgbench, clients, until: { transactions }, hurried: true }),
  };
}

/** A thousand rows a transaction: half of them insert new rows, half update rows that were there; no key twice. */
function largeTransactions({ quick }: Amount): Workload {
  const pairs = quick ? 23 : 450;
  const there = pairs * 1000;
  const columns = `id, n % 5000, 'product ' || n % 977, n % 100, (n % 100000) / 100.0, timestamptz '2025-01-01' + n * interval '1 second'`;
  const rows = (from: string, to: string) =>
    `INSERT INTO bench_lines SELECT ${columns} FROM generate_series(${from}, ${to}) AS lines(id), LATERAL (SELECT id AS n) same`;
  return {
    name: 'large-transactions',
    changes: pairs * 2 * 1000,
    rounds: quick ? 1 : 3,
    tables: `CREATE TABLE bench_lines (id int PRIMARY KEY, customer int, product text, quantity int, price numeric(12,2), at timestamptz)`,
    fill: rows('1', `${there}`),
    load: (sides) =>
      sides.execute(
        sides.source,
        `DO $$ BEGIN
          FOR pair IN 0..${pairs - 1} LOOP
            ${rows(`${there} + pair * 1000 + 1`, `${there} + pair * 1000 + 1000`)};
            COMMIT;
            UPDATE bench_lines SET quantity = quantity + 1 WHERE id BETWEEN pair * 1000 + 1 AND pair * 1000 + 1000;
            COMMIT;
          END LOOP;
        END $$`,
      ),
  };
}

/** Four updates a transaction, in no order over all keys; of every 25 changes one hits a key that was changed before: 4 %. */
function fewRepeats({ quick, pgbench }: Amount): Workload {
  const rows = quick ? 50_000 : 1_000_000;
  const transactions = (quick ? 11_200 : 225_600) / clients;
  const perClient = transactions * 4;
  const key = (place: number) =>
    `\\set step :step + 1\n\\set key${place} 1 + permute(:client_id * ${perClient} + :step - CASE WHEN :step % 25 = 24 THEN 20 ELSE 0 END, ${rows}, 7)\n`;
  const update = (place: number) =>
    `UPDATE bench_items SET stock = stock + 1, at = clock_timestamp() WHERE id = :key${place}`;
  const places = [1, 2, 3, 4];
  return {
    name: 'few-repeats',
    changes: perClient * clients,
    rounds: quick ? 1 : 3,
    tables: `CREATE TABLE bench_items (id int PRIMARY KEY, name text, stock int, price numeric(12,2), at timestamptz)`,
    fill: `INSERT INTO bench_items SELECT n, 'item ' || n, n % 1000, n / 100.0, timestamptz '2025-01-01' FROM generate_series(1, ${rows}) n`,
    load: (sides) =>
      load(sides, {
        program: pgbench,
        clients,
        until: { transactions },
        hurried: true,
        variables: { step: -1 },
        // One message for the whole transaction.
        script: `${places.map(key).join('')}BEGIN\\; ${places.map(update).join('\\; ')}\\; COMMIT;\n`,
      }),
  };
}

/** Rows of 1 kB in one transaction. */
function oneTransaction({ quick }: Amount): Workload {
  const rows = quick ? 100_000 : 2_000_000;
  return {
    name: 'memory',
    changes: rows,
    rounds: 1,
    tables: 'CREATE TABLE bench_pages (id int PRIMARY KEY, body text)',
    fill: '',
    load: (sides) =>
      sides.execute(
        sides.source,
        `INSERT INTO bench_pages SELECT n, repeat(md5(n::text), 31) FROM generate_series(1, ${rows}) n`,
      ),
  };
}
