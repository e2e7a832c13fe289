import type { Session } from '../../../session/session.ts';

/**
 * Who keeps transactions of ours waiting: everybody with an older number who is still open, in any database. What other roles do is
 * only shown to members of pg_read_all_stats. $1 xid8: older than this one; null: any that is open
 */
const openTransactions = `
SELECT 'process ' || a.pid || coalesce(' of ' || nullif(a.application_name, ''), ' of ' || a.usename, '') || ' (' || coalesce(a.datname, '?') || ', '
    || coalesce(a.state, '?') || '), open for ' || greatest(0, pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - a.xact_start))::int8 || ' s' AS text
FROM pg_catalog.pg_stat_activity a
WHERE a.backend_xid IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()
  AND pg_catalog.age(a.backend_xid) > CASE WHEN $1::text IS NULL THEN -1 ELSE pg_catalog.age(($1::int8 & 4294967295)::text::xid) END
UNION ALL
SELECT 'prepared transaction "' || p.gid || '" (' || p.database || '), open for '
    || greatest(0, pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - p.prepared))::int8 || ' s'
FROM pg_catalog.pg_prepared_xacts p
WHERE pg_catalog.age(p.transaction) > CASE WHEN $1::text IS NULL THEN -1 ELSE pg_catalog.age(($1::int8 & 4294967295)::text::xid) END`;

export async function transactionsBefore(
  session: Session,
  xid: bigint | null,
  options: { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const { rows } = await session.query<{ text: string }>(
    openTransactions,
    [xid === null ? null : String(xid)],
    options,
  );
  return rows.map(({ text }) => text);
}
