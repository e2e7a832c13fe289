import type { Chunk } from '../../../../protocol/chunk.ts';
import type { WriteCounts } from '../../../../protocol/outcome.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { fillTarget } from '../stage/fill-stage.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { mergeChunks } from './merge.ts';

/** Rows into an empty range, in one transaction. Where keys must be remembered it is a merge. */
export async function append(
  destination: Destination,
  model: TargetModel,
  request: WriteOptions & { readonly chunks: AsyncIterable<Chunk> },
): Promise<WriteCounts> {
  const write = model.scope.kind === 'owned' ? mergeChunks : appendChunks;
  return await writeTransaction(destination, { ...request, point: 'destination.append' }, (session) =>
    write(session, model, request),
  );
}

/** The same inside a transaction of the caller's. */
export async function appendChunks(
  session: Session,
  model: TargetModel,
  { chunks, signal }: { readonly chunks: AsyncIterable<Chunk>; readonly signal: AbortSignal },
): Promise<WriteCounts> {
  const inserted = await fillTarget(session, { model, chunks, signal });
  return { inserted, updated: 0, unchanged: 0, clashes: 0 };
}
