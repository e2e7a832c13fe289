import { qualified, quoteIdentifier, type TableName } from '../../names.ts';

export interface ServerRow {
  /** Microseconds since 1970. A standby shows nothing that its primary committed later; null: it has replayed nothing yet. */
  readonly clock: string | null;
  readonly log: string;
  readonly transaction: string;
}

/** The clock first: what begins after this statement takes no earlier time. */
export const serverQuery = `
SELECT (extract(epoch FROM CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() ELSE clock_timestamp() END)
    * 1000000)::int8::text AS clock,
  (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END - '0/0'::pg_lsn)::text AS log,
  pg_snapshot_xmax(pg_current_snapshot())::text AS transaction`;

/** The highest number. Whoever draws one later gets a higher one. */
export const highestQuery = (table: TableName, column: string): string =>
  `SELECT max(${quoteIdentifier(column)})::text AS highest FROM ${qualified(table)}`;

export interface SessionRow {
  readonly id: string;
  readonly pid: number;
  /** Microseconds since 1970; null where it is another role's and we may not see it. */
  readonly since: string | null;
}

/**
 * Transactions that are open in sessions of this database, those without a transaction number too: each holds a lock on its own virtual
 * number from its beginning to its end, which every role may see. Read before the prepared ones: a session gives its transaction up only
 * once it is one of those. Those without a user (autovacuum) write no rows; what else other
 * roles’ sessions are is hidden from who may not see it.
 */
export const sessionsQuery = `
SELECT l.virtualxid || '@' || l.pid AS id, l.pid, (extract(epoch FROM a.xact_start) * 1000000)::int8::text AS since
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid()
  AND a.datname = current_database() AND a.usesysid IS NOT NULL`;

export interface PreparedRow {
  readonly id: string;
  readonly gid: string;
  readonly prepared: string;
}

/** When these began is not told anywhere: only when they were prepared. */
export const preparedQuery = `
SELECT 'prepared ' || transaction AS id, gid, to_char(prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS prepared
FROM pg_prepared_xacts WHERE database = current_database() ORDER BY pg_prepared_xacts.prepared`;
