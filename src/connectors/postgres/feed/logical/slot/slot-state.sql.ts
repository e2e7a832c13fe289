/** $1 the slot's name. Columns of pg_replication_slots differ between versions, so the slot comes as a document. */
export const slotStateQuery = `
SELECT pg_catalog.json_build_object(
  'slot', (SELECT pg_catalog.to_jsonb(s) FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = $1),
  'activeApplication', (SELECT a.application_name FROM pg_catalog.pg_replication_slots s
    JOIN pg_catalog.pg_stat_activity a ON a.pid = s.active_pid WHERE s.slot_name = $1),
  'database', pg_catalog.current_database(),
  'insert', CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_insert_lsn() END,
  'flush', CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
           ELSE pg_catalog.pg_current_wal_flush_lsn() END,
  'keepSize', (SELECT setting::bigint FROM pg_catalog.pg_settings WHERE name = 'max_slot_wal_keep_size'))::text AS item`;

/** Cheap: asked for every catch-up and every second. */
export const insertPositionQuery = `
SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
        ELSE pg_catalog.pg_current_wal_insert_lsn() END)::text AS lsn,
  pg_catalog.current_setting('wal_block_size') AS page_bytes,
  (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::float8::text AS at_ms`;

/** $1 the slot's name. */
export const dropSlotStatement = 'SELECT pg_catalog.pg_drop_replication_slot($1)';

/** $1 the slot's name, $2 whose session it must be. */
export const endStreamStatement = `
SELECT pg_catalog.pg_terminate_backend(s.active_pid)
FROM pg_catalog.pg_replication_slots s JOIN pg_catalog.pg_stat_activity a ON a.pid = s.active_pid
WHERE s.slot_name = $1 AND a.application_name = $2`;
