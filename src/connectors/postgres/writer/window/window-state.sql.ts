import type { StateLayout } from '../state/state-layout.ts';

/**
 * Statements that fail (division by zero) where the fence is not the newest or the row is not there, so that nothing has to be looked at
 * before what follows is sent. Each holds its row until the commit, and so does a takeover, which raises the fence in all rows.
 */

const fenced = (update: string): string => `
WITH moved AS (${update} RETURNING 1)
SELECT 1 / count(*), pg_catalog.set_config('application_name', $3, true) FROM moved`;

/** $1 pipeline, $2 fence, $3 session tag, $4 shard, $5 lane, $6 position */
export const movePosition = ({ state }: StateLayout): string =>
  fenced(`UPDATE ${state} SET position = $6, owner_pid = pg_backend_pid(), updated_at = now()
  WHERE pipeline = $1 AND shard = $4 AND lane = $5::int4 AND fence <= $2::int8`);

/** $1 pipeline, $2 fence, $3 session tag, $4 marks that are set, $5 names of marks that go, $6 newest letter */
export const noteMarks = ({ state }: StateLayout): string =>
  fenced(`UPDATE ${state} SET marks = (marks || $4::jsonb) - $5::text[], newest_letter = $6::int8
  WHERE pipeline = $1 AND shard = '' AND lane = 0 AND fence <= $2::int8`);

/** Shared: windows of other lanes go on. $1 pipeline, $2 fence, $3 session tag */
export const holdFence = ({ state }: StateLayout): string => `
WITH own AS (
  SELECT fence FROM ${state} WHERE pipeline = $1 AND shard = '' AND lane = 0 FOR SHARE
)
SELECT 1 / count(*) FILTER (WHERE fence <= $2::int8), pg_catalog.set_config('application_name', $3, true) FROM own`;

/** $1 pipeline, $2 shard, $3 lane */
export const readPosition = ({ state }: StateLayout): string =>
  `SELECT position FROM ${state} WHERE pipeline = $1 AND shard = $2 AND lane = $3::int4`;

/** A shard that was never heard of. $1 pipeline, $2 shard, $3 lane, $4 fence */
export const introduceShard = ({ state }: StateLayout): string => `
INSERT INTO ${state} (pipeline, shard, lane, fence, state_id)
SELECT $1, $2, $3, $4, own.state_id
FROM ${state} AS own WHERE own.pipeline = $1 AND own.shard = '' AND own.lane = 0
ON CONFLICT DO NOTHING`;

/** For sessions that know nothing but windows. */
export const windowSettings = `
-- Keys are few beside the table, and statements are prepared when it may still be empty: only the way by the index is right for good.
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_seqscan = off;
SET plan_cache_mode = force_generic_plan;
-- Where there is no index (a cascade), the cost of what is switched off would start the compiler.
SET jit = off`;
