import type { Fence, PipelineName } from '../../../../protocol/names.ts';
import type { Destination } from '../destination.ts';
import { missingState } from './create-state.ts';
import { readFence } from './fence.sql.ts';

/** The highest fence that was ever seen of a pipeline; 0 when it was never heard of. */
export function seenFence(
  { pool, layout }: Destination,
  { pipeline, signal }: { readonly pipeline: PipelineName; readonly signal: AbortSignal },
): Promise<Fence> {
  return pool.use(
    async (session) => {
      if ((await missingState(session, layout, { signal })).length > 0) return 0;
      const { rows } = await session.query<{ fence: string }>(readFence(layout), [pipeline], { signal });
      return Number(rows[0]?.fence ?? 0);
    },
    { signal },
  );
}
