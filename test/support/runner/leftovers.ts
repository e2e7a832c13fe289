import pg from 'pg';
import type { PostgresServer } from '../../../tools/servers/postgres.ts';

const query = `
  SELECT 'database ' || datname AS left_behind FROM pg_database
   WHERE datname <> 'postgres' AND NOT datistemplate
  UNION ALL
  SELECT 'role ' || rolname FROM pg_roles
   WHERE rolname NOT IN ('postgres', 'password_required') AND rolname NOT LIKE 'pg\\_%'
  UNION ALL
  SELECT 'replication slot ' || slot_name FROM pg_replication_slots
  UNION ALL
  SELECT 'subscription ' || subname FROM pg_subscription
  UNION ALL
  SELECT 'prepared transaction ' || gid FROM pg_prepared_xacts
  UNION ALL
  SELECT 'session of ' || coalesce(nullif(application_name, ''), usename, '?') || ': ' || left(query, 80)
    FROM pg_stat_activity
   WHERE backend_type IN ('client backend', 'walsender') AND pid <> pg_backend_pid()`;

/** What the tests of a run left on a server that they share: each test gives back what it took. */
export async function leftOnPostgres(server: PostgresServer): Promise<string[]> {
  if (server.pid === undefined) return [`PostgreSQL ${server.version}: the shared server was stopped`];
  const client = new pg.Client({ connectionString: server.superuserUrl });
  await client.connect();
  try {
    const found = await client.query<{ left_behind: string }>(query);
    return found.rows.map((row) => `PostgreSQL ${server.version}: ${row.left_behind}`);
  } finally {
    await client.end();
  }
}
