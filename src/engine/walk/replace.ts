import type { Chunk } from '../../protocol/chunk.ts';
import { type Partition, wholeCollection } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { leaseOf } from './context.ts';
import { equalAsWhole } from './equal-as-whole.ts';
import { bulkFormat, mappedChunks } from './fill-partition.ts';
import { type LeavingGuard, leavesTooMuch } from './guard.ts';
import type { MappedChunk } from './map-rows.ts';
import { retrying } from './retrying.ts';

/**
 * Replaces a collection without a key as a whole, in one transaction over an emptied target, if it is not equal already. What would
 * shrink it too much is held back.
 */
export async function replaceCollection(work: CollectionWork, guard: LeavingGuard): Promise<void> {
  const { context, plan, tally, target } = work;
  if (await equalAsWhole(work)) return guard.clear(work);
  const shrinksBy = tally.targetRows - tally.sourceRows;
  if (
    leavesTooMuch(guard.limits(work), shrinksBy, tally.targetRows) &&
    !(await guard.approvesCount(work, shrinksBy))
  ) {
    await guard.raiseCount(work, shrinksBy, tally.targetRows);
    return;
  }
  const everything = wholeCollection(plan.sourceShape.estimatedRows);
  const { signal } = context;
  const counts = await retrying(context, { what: `replace ${plan.name}`, signal }, () =>
    target.replace(allMapped(work, everything), { lease: leaseOf(context), signal }),
  );
  tally.addAppended(counts);
  await guard.clear(work);
}

/** Without a key a row that can't be mapped can't be set aside either: it stops the collection, and the target stays as it is. */
async function* allMapped(work: CollectionWork, everything: Partition): AsyncIterable<Chunk> {
  const failures: MappedChunk['failures'][number][] = [];
  const options = { format: bulkFormat(work), signal: work.context.signal, failures };
  for await (const chunk of mappedChunks(work, everything, options)) {
    const [failure] = failures;
    if (failure !== undefined) throw failure.error;
    yield chunk;
  }
}
