import { BSON, type CollectionInfo, type Document } from 'mongodb';
import type { CollectionName } from '../../../protocol/names.ts';
import { type Partition, wholeCollection } from '../../../protocol/partition.ts';
import type { Selection } from '../../../protocol/selection.ts';
import { keyOfDocument } from '../key.ts';
import type { Deployment } from '../session/deployment.ts';

interface PartitionsRequest {
  readonly collection: CollectionName;
  readonly targetRows: number;
  readonly selection: Selection;
  readonly signal: AbortSignal;
}

/** More ids per partition make its size more even; the server picks up to a twentieth of a collection without reading all of it. */
const idsPerPartition = 32;
const cheapShare = 1 / 25;

/**
 * Ranges of `_id` about `targetRows` documents each, cut at ids that the server picks at random and sorts itself, so that ids of all types
 * fall into exactly one. A clustered collection is one range: the server would read all of it for each.
 */
export async function* partitions(
  deployment: Deployment,
  { collection, targetRows, signal }: PartitionsRequest,
): AsyncIterable<Partition> {
  const { rows, isClustered } = await extentOf(deployment, { collection, signal });
  const count = isClustered ? 1 : Math.ceil(rows / targetRows);
  if (count <= 1) {
    yield wholeCollection(rows);
    return;
  }
  const perPartition = Math.max(1, Math.min(idsPerPartition, Math.floor(targetRows * cheapShare)));
  const ids = await sampleIds(deployment, { collection, size: count * perPartition, signal });
  const bounds = ids.filter((_, index) => index > 0 && index % perPartition === 0);
  yield* between([...new Set(bounds)], rows / count);
}

function* between(bounds: readonly string[], estimatedRows: number): Iterable<Partition> {
  for (let index = 0; index <= bounds.length; index += 1) {
    const from = bounds[index - 1];
    const to = bounds[index];
    yield {
      id: `${index + 1}/${bounds.length + 1}`,
      from: from === undefined ? null : [from],
      to: to === undefined ? null : [to],
      estimatedRows: Math.round(estimatedRows),
    };
  }
}

interface Place {
  readonly collection: CollectionName;
  readonly signal: AbortSignal;
}

function extentOf(deployment: Deployment, place: Place): Promise<{ rows: number; isClustered: boolean }> {
  const { collection, signal } = place;
  return deployment.run(place, async (db) => {
    const [found] = await db.listCollections<CollectionInfo>({ name: collection }, { signal }).toArray();
    const isClustered = found?.options?.['clusteredIndex'] !== undefined;
    return { rows: await db.collection(collection).estimatedDocumentCount(), isClustered };
  });
}

/** In the collection's order. An id may come twice. */
function sampleIds(
  deployment: Deployment,
  { size, ...place }: Place & { readonly size: number },
): Promise<readonly string[]> {
  const stages = [{ $sample: { size } }, { $project: { _id: 1 } }, { $sort: { _id: 1 } }];
  const { collection, signal } = place;
  return deployment.run(place, async (db) => {
    const options = { raw: true, readConcern: { level: 'majority' }, signal } as const;
    const found = await db.collection(collection).aggregate<Document>(stages, options).toArray();
    return found.map((document) =>
      keyOfDocument(document instanceof Uint8Array ? document : BSON.serialize(document)),
    );
  });
}
