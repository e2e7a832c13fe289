import { BSON, type ClientSession, type CollationOptions, type Document, type Long } from 'mongodb';
import { toError } from '../../../protocol/errors/lockstep-error.ts';
import { cursorBatches, cursorId } from '../bson/cursor-fields.ts';
import { takeDocuments } from '../bson/documents.ts';
import { ElementScan } from '../bson/element-scan.ts';
import { type ClusterTime, timeOfTimestamp } from '../cluster-time.ts';
import type { Deployment } from '../session/deployment.ts';
import { sessionAfter } from './not-before.ts';
import { firstReply, nextReply } from './reply-size.ts';

export interface DocumentsRequest {
  readonly collection: string;
  readonly filter: Document;
  /** At least what was committed by then is shown; null or absent: what a majority is known to have. */
  readonly after?: ClusterTime | null;
  /** What the server leaves of a document; null or absent: all of it. */
  readonly projection?: Document | null;
  /** As they lie; default: in the order of their ids. */
  readonly anyOrder?: boolean;
  /** Absent: the collection's own. */
  readonly collation?: CollationOptions;
  /** Told with each reply of a time: all that the reply shows is at or before it. */
  readonly shown?: (time: ClusterTime) => void;
  readonly signal: AbortSignal;
  /** A transaction's; its own read concern counts then. */
  readonly session?: ClientSession;
}

/** Documents as they are stored, one after the other. */
export interface DocumentBatch {
  readonly bytes: Uint8Array;
  readonly count: number;
}

interface CursorReply {
  readonly id: Long;
  readonly batch: DocumentBatch;
}

const goodbyeMs = 1_000;

/**
 * The documents of a collection, as bytes, by commands of our own: the driver makes several objects for each
 * document, which took twice the time of all the rest (300,000 documents of 1 KB: 22 µs of CPU each, two thirds of it collecting garbage).
 */
export async function* documentBatches(
  deployment: Deployment,
  {
    collection,
    filter,
    after = null,
    projection = null,
    collation,
    anyOrder = false,
    shown,
    signal,
    session: given,
  }: DocumentsRequest,
): AsyncIterable<DocumentBatch> {
  await using own = new AsyncDisposableStack();
  const session = given ?? own.use(sessionFor(deployment, after));
  const ask = asking(deployment, { collection, session, signal, shown });
  const find = {
    find: collection,
    filter,
    ...(anyOrder ? {} : { sort: { _id: 1 } }),
    ...(projection === null ? {} : { projection }),
    ...(collation === undefined ? {} : { collation }),
    // A session that reads after a time adds that to the level; without one it would read what may yet be rolled back.
    ...(given === undefined ? { readConcern: { level: 'majority' } } : {}),
  };
  let { id, batch } = await ask({ ...find, batchSize: firstReply });
  try {
    for (;;) {
      const batchSize = nextReply(batch);
      if (batch.count > 0) yield batch;
      if (id.isZero()) return;
      const getMore = { getMore: id, collection, batchSize };
      id = BSON.Long.ZERO; // a cursor that failed is gone
      ({ id, batch } = await ask(getMore));
    }
  } finally {
    if (!id.isZero()) await kill(deployment, { collection, id, session });
  }
}

const sessionFor = (deployment: Deployment, after: ClusterTime | null): ClientSession =>
  after === null
    ? deployment.client.startSession({ causalConsistency: false })
    : sessionAfter(deployment, after);

type Ask = (command: Document) => Promise<CursorReply>;

interface AskOptions extends Pick<DocumentsRequest, 'collection' | 'signal'> {
  readonly session: ClientSession;
  readonly shown: DocumentsRequest['shown'];
}

const asking =
  (deployment: Deployment, { collection, shown, ...options }: AskOptions): Ask =>
  (command) =>
    deployment.run({ signal: options.signal, collection }, async (db) => {
      const { cursor, operationTime } = await db.command(command, { ...options, raw: true });
      const time = timeOfTimestamp(operationTime);
      if (time !== null) shown?.(time);
      if (cursor instanceof Uint8Array) return readCursor(cursor);
      throw new TypeError('the driver decoded a cursor that was asked for raw');
    });

function readCursor(cursor: Uint8Array): CursorReply {
  let id: Long = BSON.Long.ZERO;
  let batch: DocumentBatch = { bytes: new Uint8Array(), count: 0 };
  const scan = new ElementScan(cursor);
  while (scan.next()) {
    if (scan.isNamed(cursorId)) id = BSON.Long.fromBytesLE([...scan.value]);
    else if (cursorBatches.some((name) => scan.isNamed(name))) batch = takeDocuments(scan.value);
  }
  return { id, batch };
}

/** A server that can't be reached, or that knows the cursor no more, ends it by itself. */
async function kill(
  deployment: Deployment,
  { collection, id, session }: { collection: string; id: Long; session: ClientSession },
): Promise<void> {
  const signal = AbortSignal.timeout(goodbyeMs);
  await deployment.db.command({ killCursors: collection, cursors: [id] }, { session, signal }).catch(toError);
}
