export interface SetterRow {
  readonly name: string;
  readonly insert: boolean;
  readonly update: boolean;
}

/**
 * Triggers that run before a row is written, can see it, and name the column in their function or arguments. $1 the table's OID, $2 the
 * column. Bits of tgtype: 1 row, 2 before, 4 insert, 16 update.
 */
export const settersQuery = `
SELECT t.tgname::text AS name, t.tgtype::int & 4 <> 0 AS insert, t.tgtype::int & 16 <> 0 AS update
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE t.tgrelid = $1::oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgtype::int & 3 = 3
  AND (position(lower($2) IN lower(p.prosrc)) > 0 OR position($2 IN encode(t.tgargs, 'escape')) > 0)
ORDER BY t.tgname`;

/** By the last ANALYZE; no row: it was never analyzed, or we may not see it. $1 schema, $2 table, $3 column. */
export const nullShareQuery = `
SELECT max(null_frac)::float8 AS share FROM pg_stats WHERE schemaname = $1 AND tablename = $2 AND attname = $3`;

export const isZoneQuery = `
SELECT EXISTS (SELECT FROM pg_timezone_names WHERE lower(name) = lower($1)) AS known`;

export interface ServerFacts {
  readonly seesAll: boolean;
  readonly isStandby: boolean;
}

export const serverFactsQuery = `
SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS "seesAll", pg_is_in_recovery() AS "isStandby"`;

export interface LongPreparedRow {
  readonly gid: string;
  readonly since: string;
}

/** $1 for how many seconds. */
export const longPreparedQuery = `
SELECT gid, to_char(prepared AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since FROM pg_prepared_xacts
WHERE database = current_database() AND prepared < now() - make_interval(secs => $1::float8) ORDER BY prepared`;
