import { leaseOf, type WalkContext } from '../walk/context.ts';

/**
 * Before the first change that a stream writes: from then on nothing older can be taken back, since what is older than the stream's position
 * would stay so. What was kept for that is dropped. A repeat finds nothing left.
 */
export async function dropInverses(context: WalkContext): Promise<void> {
  const { writer, pipeline, signal } = context;
  const { generations } = writer;
  if (generations === undefined) return;
  for (const { id, state } of await generations.list({ pipeline, signal }))
    if (state !== 'discarded') await generations.discard(id, { lease: leaseOf(context), signal });
}
