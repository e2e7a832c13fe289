import type { StateLayout } from './state-layout.ts';

/**
 * $1 pipeline, $2 fence. No row: the pipeline was known. Looked at first, because ON CONFLICT waits for whoever has the row changed
 * and not committed.
 */
export const introducePipeline = ({ state }: StateLayout): string => `
INSERT INTO ${state} (pipeline, shard, lane, fence, state_id)
SELECT $1, '', 0, $2, gen_random_uuid()
WHERE NOT EXISTS (SELECT FROM ${state} WHERE pipeline = $1 AND shard = '' AND lane = 0)
ON CONFLICT DO NOTHING
RETURNING 1 AS made`;

/** Waits for write transactions, which hold the row FOR SHARE. $1 pipeline. */
export const lockFence = ({ state }: StateLayout): string => `
SELECT fence::text AS fence, state_id::text AS "stateId" FROM ${state}
WHERE pipeline = $1 AND shard = '' AND lane = 0
FOR UPDATE`;

/** $1 pipeline, $2 fence */
export const raiseFence = ({ state }: StateLayout): string => `
UPDATE ${state} SET fence = $2, owner_pid = pg_backend_pid(), updated_at = now()
WHERE pipeline = $1`;

/** $1 pipeline */
export const readPositions = ({ state }: StateLayout): string => `
SELECT shard, position FROM ${state}
WHERE pipeline = $1 AND lane = 0 AND position IS NOT NULL`;

/** $1 pipeline */
export const readLanePositions = ({ state }: StateLayout): string => `
SELECT shard, position FROM ${state}
WHERE pipeline = $1 AND lane > 0 AND position IS NOT NULL`;

/** $1 pipeline */
export const readMarks = ({ state }: StateLayout): string => `
SELECT marks::text AS marks, newest_letter::text AS "newestLetter" FROM ${state}
WHERE pipeline = $1 AND shard = '' AND lane = 0`;
