/**
 * What is seen of others takes the right pg_read_all_stats. A standby that says nothing shows in the bytes: the times stand still then
 * (https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW).
 */
export const replicaLagQuery = `
SELECT coalesce(pg_catalog.max(EXTRACT(epoch FROM replay_lag) * 1000), 0)::float8 AS milliseconds,
  coalesce(pg_catalog.max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replay_lsn)), 0)::float8 AS bytes
FROM pg_catalog.pg_stat_replication WHERE replay_lsn IS NOT NULL`;

/** Sessions of others that run a statement at this moment. $1: what our own are called. */
export const activeSessionsQuery = `
SELECT pg_catalog.count(*)::float8 AS sessions FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_catalog.pg_backend_pid()
  AND NOT (application_name = $1 AND usename = CURRENT_USER)`;

export const mayReadAll = `SELECT pg_catalog.pg_has_role(CURRENT_USER, 'pg_read_all_stats', 'USAGE') AS allowed`;
