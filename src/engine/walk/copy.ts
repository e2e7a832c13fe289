import type { Partition } from '../../protocol/partition.ts';
import { wholeCollection } from '../../protocol/partition.ts';
import { refersToItself } from '../plan/order.ts';
import type { CollectionWork } from './collection-work.ts';
import { lanesOf, paced, stopIfDraining } from './context.ts';
import { copyWhole } from './copy-whole.ts';
import { fillPartition } from './fill-partition.ts';
import { runInLanes } from './lanes.ts';
import { refuseNullKeys } from './null-keys.ts';
import { sourcePartitions } from './partitions.ts';
import type { PassProgress } from './pass-progress.ts';
import type { DeferredKeys } from './write-rows.ts';

/**
 * Copies a collection into a target that was empty when the copy began: as a whole where that is faster, else partitions as tasks, each
 * written in one transaction and then remembered. A partition whose transaction went through but was not remembered is found not empty and
 * merged; a whole that was not remembered is found to have rows, and compared.
 */
export async function copyCollection(
  work: CollectionWork,
  progress: PassProgress,
  deferred: DeferredKeys,
): Promise<void> {
  const { context, plan, target } = work;
  await refuseNullKeys(work);
  const known = await progress.phaseOf(plan.name, plan.fingerprint);
  const goesOn = known === 'copying' && !target.startedEmpty;
  if (!goesOn && (await copyWhole(work))) return await finishWhole(work, progress);
  if (!goesOn) await progress.startCopy(plan.name, plan.fingerprint, await cut(work));
  const partitions = await progress.openPartitions(plan.name);
  const { pipeline } = context;
  const { estimatedRows } = plan.sourceShape;
  context.events.emit('collection.started', {
    pipeline,
    collection: plan.name,
    estimatedRows,
    partitions: partitions.length,
  });
  await runInLanes(partitions, lanesOf(context), async (partition, signal) => {
    const empty = !goesOn || (await isEmpty(work, partition, signal));
    await paced(context, () => fillPartition(work, partition, { empty, deferred, signal }));
    await progress.finishPartition(plan.name, partition);
    context.events.emit('partition.finished', { pipeline, collection: plan.name, partition: partition.id });
  });
  stopIfDraining(context);
  await progress.finishCopy(plan.name, plan.fingerprint);
}

async function finishWhole({ context, plan }: CollectionWork, progress: PassProgress): Promise<void> {
  const { pipeline, events } = context;
  await progress.finishCopy(plan.name, plan.fingerprint);
  events.emit('partition.finished', { pipeline, collection: plan.name, partition: 'all' });
}

/** Rows that refer to rows of the same table are checked when the statement ends: they travel in one. */
async function cut(work: CollectionWork): Promise<readonly Partition[]> {
  if (refersToItself(work.plan)) return [wholeCollection(work.plan.sourceShape.estimatedRows)];
  return sourcePartitions(work);
}

/** Where ranges mean nothing at the target, an append is tried: a row that is there already refuses it, and it is merged. */
function isEmpty(work: CollectionWork, partition: Partition, signal: AbortSignal): Promise<boolean> {
  return work.sharedOrder ? work.target.isEmpty(partition, { signal }) : Promise.resolve(true);
}
