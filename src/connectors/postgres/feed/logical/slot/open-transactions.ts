import type { Session } from '../../../session/session.ts';

/**
 * Transactions that have written something, of all databases: logical decoding and snapshots wait for each of them. $1: only those that
 * are older, in seconds. $2: a process that is left out. What other users' sessions are called is not always shown to us.
 */
const openTransactionsQuery = `
SELECT 'process ' || a.pid || ' of ' || coalesce(nullif(a.application_name, ''), a.usename, 'another user')
    || coalesce(', open for ' || round(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)) || ' s', '') AS name
FROM pg_catalog.pg_stat_activity a
WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid() AND a.pid <> $2
  AND coalesce(a.xact_start <= pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $1), true)
UNION ALL
SELECT 'prepared transaction "' || p.gid || '", for '
    || round(extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared)) || ' s'
FROM pg_catalog.pg_prepared_xacts p
WHERE p.prepared <= pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $1)`;

/** For people: `process 4711 of app, open for 93 s`, `prepared transaction "x", for 12 s`. */
export async function openTransactions(
  session: Session,
  options: { readonly signal: AbortSignal; readonly olderThanSeconds: number; readonly except?: number },
): Promise<readonly string[]> {
  const values = [options.olderThanSeconds, options.except ?? 0];
  const { rows } = await session.query<{ name: string }>(openTransactionsQuery, values, options);
  return rows.map(({ name }) => name);
}
