import type { Partition } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { retrying } from './retrying.ts';

/** The source's partitions of this collection: a few thousand at most, each a short record. Default: of as many rows as is configured. */
export function sourcePartitions(
  work: CollectionWork,
  targetRows: number = work.context.settings.rowsPerPartition,
): Promise<readonly Partition[]> {
  const { context, moment, plan, source } = work;
  const { signal } = context;
  return retrying(context, { what: `cut ${plan.name}`, signal }, () =>
    moment.read(signal, async (snapshot) => {
      const options = { targetRows, selection: source.selection, signal };
      return Array.fromAsync(snapshot.partitions(plan.source, options));
    }),
  );
}
