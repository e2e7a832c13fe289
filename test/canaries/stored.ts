import { expect } from 'vitest';
import type { TestDatabase } from '../support/postgres.ts';
import type { Life } from './life.ts';

/** What we left on the servers: our own state on both sides and in the control store, and what others see of our sessions. */
export async function everythingStored({ source, target, store }: Life): Promise<readonly string[]> {
  const schemas = [await tablesOf(source, 'lockstep'), await tablesOf(target, 'lockstep')];
  if (store !== null) schemas.push(await tablesOf(store, 'lockstep_control'));
  for (const texts of schemas) expect(texts.length).toBeGreaterThan(0);
  const sessions = await source.query(
    'SELECT application_name, query FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
  );
  const slots = await source.query('SELECT * FROM pg_replication_slots');
  return [...schemas.flat(), JSON.stringify(sessions.rows), JSON.stringify(slots.rows)];
}

/** The rows of every table of a schema, one text a table; PostgreSQL writes bytes as hexadecimal. */
async function tablesOf(db: TestDatabase, schema: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = $1`,
    [schema],
  );
  const texts: string[] = [];
  for (const { name } of rows) {
    const all = await db.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${name} AS t`);
    texts.push(all.rows.map(({ row }) => row).join('\n'));
  }
  return texts;
}
