import { hash as hashOnce } from 'node:crypto';
import type { RowsChunk, StoredForm } from '../../protocol/chunk.ts';
import type { HashedKey } from '../../protocol/digest.ts';
import { wholeCollection } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { comparePartitionsInLanes, type SuspectSink } from './compare-partitions.ts';
import { joinHashes } from './hash-join.ts';
import { mapChunk } from './map-rows.ts';

const memoryRows = 200_000;

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

async function* sourceHashes(work: CollectionWork, signal: AbortSignal): AsyncIterable<readonly HashedKey[]> {
  const { plan, moment, source, target } = work;
  const everything = wholeCollection(plan.sourceShape.estimatedRows);
  const options = { format: 'rows', selection: source.selection, signal } as const;
  for await (const chunk of moment.stream(signal, (snapshot) =>
    snapshot.read(plan.source, everything, options),
  )) {
    if (chunk.format !== 'rows') continue;
    yield target.storedForms(mappedRows(work, chunk)).map(toHashedKey);
  }
}

/** Rows that the function can't map are found missing by the join, and parked when they are confirmed. */
const mappedRows = (work: CollectionWork, chunk: RowsChunk): RowsChunk => mapChunk(work.plan, chunk).chunk;

async function* targetHashes(work: CollectionWork, signal: AbortSignal): AsyncIterable<readonly HashedKey[]> {
  const everything = wholeCollection(work.plan.sourceShape.estimatedRows);
  for await (const forms of work.target.readStoredForms(everything, { signal })) yield forms.map(toHashedKey);
}

/** 64 of SHA-256's bits: cheap where the CPU has them in hardware, and no two rows meet by accident. */
function toHashedKey(form: StoredForm): HashedKey {
  const hex = hashOnce('sha256', form.bytes, 'hex');
  return { key: form.key, hash: BigInt.asIntN(64, BigInt(`0x${hex.slice(0, 16)}`)) };
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
