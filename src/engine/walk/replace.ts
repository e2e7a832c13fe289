import type { Chunk } from '../../protocol/chunk.ts';
import { type Partition, wholeCollection } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { leaseOf } from './context.ts';
import { equalAsWhole } from './equal-as-whole.ts';
import { bulkFormat, mappedChunks } from './fill-partition.ts';
import type { LeavingGuard } from './guard.ts';
import type { MappedChunk } from './map-rows.ts';
import { retrying } from './retrying.ts';

/** What becomes of a collection without a key that differs. */
export interface Replacing {
  readonly guard: LeavingGuard;
  /** All rows, read anew for each attempt. */
  readonly replace: (chunks: () => AsyncIterable<Chunk>) => Promise<void>;
  /** It would shrink too much. */
  readonly hold: (chunks: () => AsyncIterable<Chunk>) => Promise<void>;
}

/** In one transaction over an emptied target; what is held back is not even read. */
export const replacingAtOnce = (work: CollectionWork, guard: LeavingGuard): Replacing => ({
  guard,
  hold: async () => {},
  replace: async (chunks) => {
    const { context, target, tally, plan } = work;
    const { signal } = context;
    const counts = await retrying(context, { what: `replace ${plan.name}`, signal }, () =>
      target.replace(chunks(), { lease: leaseOf(context), signal }),
    );
    tally.addReplaced(counts);
    await guard.clear(work);
  },
});

/** Replaces a collection without a key as a whole, if it is not equal already. What would shrink it too much is held back. */
export async function replaceCollection(
  work: CollectionWork,
  { guard, replace, hold }: Replacing,
): Promise<void> {
  const { plan, tally } = work;
  if (await equalAsWhole(work)) return guard.clear(work);
  const shrinksBy = tally.targetRows - tally.sourceRows;
  const everything = wholeCollection(plan.sourceShape.estimatedRows);
  const chunks = (): AsyncIterable<Chunk> => allMapped(work, everything);
  const isHeld =
    (await guard.holds(work, shrinksBy, tally.targetRows)) && !(await guard.approvesCount(work, shrinksBy));
  if (!isHeld) return await replace(chunks);
  await guard.raiseCount(work, shrinksBy, tally.targetRows);
  await hold(chunks);
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
