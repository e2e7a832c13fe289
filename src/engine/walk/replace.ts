import { wholeCollection } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { leaseOf } from './context.ts';
import { bulkFormat, mappedChunks } from './fill-partition.ts';
import { type LeavingGuard, leavesTooMuch } from './guard.ts';
import { retrying } from './retrying.ts';

/** Whether a collection without a key is equal as a multiset of rows: by one digest of each side, or null when they can't be had. */
export async function equalAsWhole(work: CollectionWork): Promise<boolean | null> {
  const { agreement, context, plan, moment, source, target, targetReads, tally } = work;
  if (agreement === null) return null;
  const everything = wholeCollection(plan.sourceShape.estimatedRows);
  const { signal } = context;
  const query = { groups: 1, agreement, signal };
  const [here, there] = await retrying(context, { what: `compare ${plan.name}`, signal }, () =>
    Promise.all([
      moment.read(signal, (snapshot) => snapshot.digest(plan.source, everything, { ...query, ...source })),
      targetReads.digest(plan.target, everything, { ...query, ...target.comparison() }),
    ]),
  );
  tally.sourceRows = here.get(0)?.rows ?? 0;
  tally.targetRows = there.get(0)?.rows ?? 0;
  return tally.sourceRows === tally.targetRows && here.get(0)?.hash === there.get(0)?.hash;
}

/**
 * Replaces a collection without a key as a whole, in one transaction over an emptied target, if it is not equal already. What would
 * shrink it too much is held back.
 */
export async function replaceCollection(work: CollectionWork, guard: LeavingGuard): Promise<void> {
  const { context, plan, tally, target } = work;
  if ((await equalAsWhole(work)) === true) return;
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
  const counts = await retrying(context, { what: `replace ${plan.name}`, signal }, () => {
    const chunks = mappedChunks(work, everything, { format: bulkFormat(work), signal, failures: [] });
    return target.replace(chunks, { lease: leaseOf(context), signal });
  });
  tally.addAppended(counts);
  await guard.clear(work);
}
