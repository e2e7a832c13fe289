import type { HashedKey } from '../../protocol/digest.ts';
import { wholeCollection } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { comparePartitionsInLanes, type SuspectSink } from './compare-partitions.ts';
import { joinHashes } from './hash-join.ts';
import { sourceHashes, targetHashes } from './stored-hashes.ts';

const memoryRows = 50_000;

/**
 * Compares by reading: one scan of each side, the rows hashed here in the form in which the target stores them, both sides joined
 * through buckets on disk. For rows that a function maps, and for servers that do not hash alike.
 */
export async function compareStoredForms(work: CollectionWork, sink: SuspectSink): Promise<void> {
  const { plan, context } = work;
  const estimatedRows = plan.sourceShape.estimatedRows;
  await comparePartitionsInLanes(work, [wholeCollection(estimatedRows)], async (partition, signal) => {
    const rows = { source: 0, target: 0 };
    const source = counted(sourceHashes(work, signal), (count) => (rows.source += count));
    const target = counted(targetHashes(work, signal), (count) => (rows.target += count));
    const options = { estimatedRows, spillDirectory: context.spillDirectory, memoryRows, signal };
    for await (const suspects of joinHashes(source, target, options))
      await sink.add(suspects, partition, estimatedRows);
    return rows;
  });
}

async function* counted(
  rows: AsyncIterable<readonly HashedKey[]>,
  count: (rows: number) => void,
): AsyncIterable<readonly HashedKey[]> {
  for await (const batch of rows) {
    count(batch.length);
    yield batch;
  }
}
