import type { Document } from 'mongodb';
import type { Chunk, Format } from '../../../protocol/chunk.ts';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { CollectionName } from '../../../protocol/names.ts';
import type { Partition } from '../../../protocol/partition.ts';
import type { ReadOptions } from '../../../protocol/reader.ts';
import type { Selection } from '../../../protocol/selection.ts';
import type { ClusterTime } from '../cluster-time.ts';
import { isWhole, rowMaker } from '../fields/selected.ts';
import { allOf, type Fault, parseQuery } from '../query.ts';
import { rangeOf } from '../range.ts';
import type { Deployment } from '../session/deployment.ts';
import { documentBatches } from './document-batches.ts';
import { readDocuments } from './documents.ts';

interface ReadRequest extends ReadOptions {
  readonly collection: CollectionName;
  readonly partition: Partition;
  /** At least what was committed by then is shown. */
  readonly after: ClusterTime | null;
}

/** The documents of a partition, as they are stored, or what a projection leaves of them. */
export const readRange = (
  deployment: Deployment,
  {
    collection,
    partition,
    selection,
    after,
    signal,
    projection = null,
  }: ReadRequest & { readonly projection?: Document | null },
): AsyncIterable<readonly Uint8Array[]> =>
  readDocuments(deployment, {
    collection,
    filter: filterOfRange({ collection, partition, selection }),
    projection,
    after,
    signal,
  });

const filterOfRange = ({
  collection,
  partition,
  selection,
}: Pick<ReadRequest, 'collection' | 'partition' | 'selection'>): Document =>
  allOf([rangeOf(partition), filterOf(selection, collection)]);

export async function* readPartition(
  deployment: Deployment,
  request: ReadRequest & { readonly format: Format; readonly asItLies?: boolean },
): AsyncIterable<Chunk> {
  const { format, selection, collection } = request;
  if (format === 'bson' && isWhole(selection)) {
    const filter = filterOfRange(request);
    // By another index than that of the ids a document that moves in it could be missed.
    const anyOrder = request.asItLies === true && selection.filter === null;
    for await (const { bytes, count } of documentBatches(deployment, { ...request, filter, anyOrder }))
      yield { format, bytes, rowCount: count };
    return;
  }
  const { projection, toRow } = rowMaker(selection, collection);
  for await (const documents of readRange(deployment, { ...request, projection }))
    yield { format: 'rows', rows: documents.map(toRow), backing: null };
}

export const filterOf = ({ filter }: Selection, collection: string): Document | null =>
  filter === null ? null : parseQuery(filter, filterFault(collection));

export const filterFault =
  (collection: string): Fault =>
  (detail) =>
    new LockstepError('expression-invalid', {
      collection,
      what: 'an expression or the filter of its mapping',
      side: 'source',
      detail,
    });
