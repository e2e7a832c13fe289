import type { PipelineName, Position, Shard } from '../../../../protocol/names.ts';
import type { Destination } from '../destination.ts';
import { readPositions } from './attach.sql.ts';
import { missingState } from './create-state.ts';

/** Where the shards of a pipeline stand; empty when it was never heard of. */
export function positionsOf(
  { pool, layout }: Destination,
  { pipeline, signal }: { readonly pipeline: PipelineName; readonly signal: AbortSignal },
): Promise<ReadonlyMap<Shard, Position>> {
  return pool.use(
    async (session) => {
      if ((await missingState(session, layout, { signal })).length > 0) return new Map();
      const { rows } = await session.query<{ shard: Shard; position: Position }>(
        readPositions(layout),
        [pipeline],
        { signal },
      );
      return new Map(rows.map(({ shard, position }) => [shard, position]));
    },
    { signal },
  );
}
