import { expect } from 'vitest';
import type { TestDatabase } from '../support/postgres.ts';

/** Rows that were inserted, updated and deleted, as the server itself counts them. */
export interface Writes {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

export const nothing: Writes = { inserted: 0, updated: 0, deleted: 0 };

/** What `work` wrote into a table, whatever it says about it: PostgreSQL's own statistics. */
export async function writesOf(
  database: TestDatabase,
  table: string,
  work: () => Promise<unknown>,
): Promise<Writes> {
  const before = await writesSoFar(database, table);
  await work();
  const after = await writesSoFar(database, table);
  return {
    inserted: after.inserted - before.inserted,
    updated: after.updated - before.updated,
    deleted: after.deleted - before.deleted,
  };
}

/** A backend hands in its counts when it ends at the latest, so all others must have ended. */
export async function writesSoFar(database: TestDatabase, table: string): Promise<Writes> {
  await database.query('SELECT pg_stat_force_next_flush()');
  await expect.poll(() => otherBackends(database), { timeout: 20_000, interval: 10 }).toEqual([]);
  await database.query('SELECT pg_stat_clear_snapshot()');
  const { rows } = await database.query<{ inserted: number; updated: number; deleted: number }>(
    `SELECT n_tup_ins::int AS inserted, n_tup_upd::int AS updated, n_tup_del::int AS deleted
       FROM pg_stat_user_tables WHERE relid = to_regclass($1)`,
    [table],
  );
  return rows[0] ?? { inserted: 0, updated: 0, deleted: 0 };
}

async function otherBackends(database: TestDatabase): Promise<readonly string[]> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT application_name AS name FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  );
  return rows.map(({ name }) => name);
}
