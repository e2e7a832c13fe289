import type { ClientSession, CollationOptions, Document, FindOptions } from 'mongodb';
import type { ClusterTime } from '../cluster-time.ts';
import type { Deployment } from '../session/deployment.ts';
import { sessionAfter } from './not-before.ts';

/**
 * The server fills 16 MB otherwise, several of which are in memory by the time they are written: copying 50,000 documents of 1 KB took 298 MB, and 182
 * with this limit, in about the same time.
 */
export const documentsAtOnce = 2_000;

export interface DocumentsRequest {
  readonly collection: string;
  readonly filter: Document;
  /** At least what was committed by then is shown; null or absent: what a majority is known to have. */
  readonly after?: ClusterTime | null;
  /** What the server leaves of a document; null or absent: all of it. */
  readonly projection?: Document | null;
  /** Absent: the collection's own. */
  readonly collation?: CollationOptions;
  readonly signal: AbortSignal;
  /** A transaction's; its own read concern counts then. */
  readonly session?: ClientSession;
}

/** Nothing of a document but its id. */
export const onlyIds: Document = { _id: 1 };

/** Documents as they are stored, in the order of their ids, in batches as the server sends them (up to 16 MB). */
export async function* readDocuments(
  deployment: Deployment,
  { collection, filter, after = null, projection = null, collation, signal, session }: DocumentsRequest,
): AsyncIterable<readonly Uint8Array[]> {
  const work = { signal, collection };
  await using causal = after === null || session !== undefined ? null : sessionAfter(deployment, after);
  const options: FindOptions = {
    raw: true,
    sort: { _id: 1 },
    batchSize: documentsAtOnce,
    ...(projection === null ? {} : { projection }),
    ...(collation === undefined ? {} : { collation }),
    ...(session === undefined ? { readConcern: { level: 'majority' } } : { session }),
    ...(causal === null ? {} : { session: causal }),
  };
  const cursor = deployment.db.collection(collection).find<Document>(filter, { ...options, signal });
  try {
    while (await deployment.run(work, () => cursor.hasNext()))
      yield cursor.readBufferedDocuments().map(toBytes);
  } finally {
    await cursor.close();
  }
}

/** With `raw` the driver gives what it got. */
function toBytes(document: unknown): Uint8Array {
  if (document instanceof Uint8Array) return document;
  throw new TypeError('the driver decoded a document that was asked for raw');
}
