import type { StateLayout } from './state-layout.ts';

/**
 * Shared, so that our own lanes do not wait for each other, while a takeover waits for us or makes us wait and then
 * shows its higher fence. $1 pipeline.
 */
export const shareFence = ({ state }: StateLayout): string => `
SELECT fence::text AS fence FROM ${state}
WHERE pipeline = $1 AND shard = '' AND lane = 0
FOR SHARE`;

/**
 * Ends those of these server processes that still have a transaction of ours open (only then they carry the tag; a pooler may have given
 * the process to somebody else since), and waits up to five seconds for each. $1 process ids, $2 tag.
 */
export const endAbandoned = `
SELECT pid, pg_terminate_backend(pid, 5000) AS ended
FROM pg_stat_activity
WHERE pid = ANY ($1::int4[]) AND usename = current_user AND datname = current_database() AND application_name = $2`;

/** $1 pipeline, $2 shard, $3 lane, $4 fence, $5 position */
export const savePosition = ({ state }: StateLayout): string => `
INSERT INTO ${state} AS s (pipeline, shard, lane, fence, position, state_id, owner_pid)
SELECT $1, $2, $3, $4, $5, own.state_id, pg_backend_pid()
FROM ${state} AS own WHERE own.pipeline = $1 AND own.shard = '' AND own.lane = 0
ON CONFLICT (pipeline, shard, lane) DO UPDATE
SET fence = excluded.fence, position = excluded.position, owner_pid = excluded.owner_pid, updated_at = now()`;

/** As if no stream had ever begun; the fence stays. $1 pipeline */
export const forgetPositions = ({ state }: StateLayout): string =>
  `UPDATE ${state} SET position = NULL, marks = '{}' WHERE pipeline = $1`;

/** The same of some shards. $1 pipeline, $2 shards */
export const forgetShards = ({ state }: StateLayout): string =>
  `UPDATE ${state} SET position = NULL WHERE pipeline = $1 AND shard = ANY ($2::text[])`;

/** $1 pipeline */
export const readFence = ({ state }: StateLayout): string =>
  `SELECT max(fence)::text AS fence FROM ${state} WHERE pipeline = $1`;
