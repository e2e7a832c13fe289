import type { Partition } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { lanesOf, stopIfDraining } from './context.ts';
import type { Suspects } from './hash-join.ts';
import { runInLanes } from './lanes.ts';
import { retrying } from './retrying.ts';

/** Takes what looks different. `rows`: how many the partition has at the source, to judge whether copying it again is cheaper. */
export interface SuspectSink {
  add(suspects: Suspects, partition: Partition, rows: number): Promise<void>;
}

/** Compares partition by partition; a transient failure repeats the partition. Counts only what was finished. */
export async function comparePartitionsInLanes(
  work: CollectionWork,
  partitions: readonly Partition[],
  compare: (partition: Partition, signal: AbortSignal) => Promise<{ source: number; target: number }>,
): Promise<void> {
  const { context, plan, tally } = work;
  await runInLanes(partitions, lanesOf(context), async (partition, signal) => {
    const rows = await retrying(context, { what: `compare ${plan.name}`, signal }, () =>
      compare(partition, signal),
    );
    tally.sourceRows += rows.source;
    tally.targetRows += rows.target;
    context.events.emit('rows.done', {
      pipeline: context.pipeline,
      collection: plan.name,
      verb: 'compared',
      rows: rows.source,
      bytes: 0,
    });
  });
  stopIfDraining(context);
}
