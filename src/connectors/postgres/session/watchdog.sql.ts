export interface BackendState {
  readonly state: string | null;
  readonly waitType: string | null;
  readonly waitEvent: string | null;
  readonly since: string | null;
  readonly blockers: readonly number[];
}

/** What one backend of ours does now. A role sees its own backends whatever its rights. */
export const backendState = `
SELECT state, wait_event_type AS "waitType", wait_event AS "waitEvent", query_start::text AS since,
       pg_catalog.pg_blocking_pids(pid) AS blockers
FROM pg_catalog.pg_stat_activity
WHERE pid = $1::int4`;
