import type { Chunk } from '../../../../protocol/chunk.ts';
import type { WholeAppend, WholeOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { hasNoRow } from '../open/open-target.ts';
import { ChunkSource } from '../stage/chunk-source.ts';
import { fillTargetFrom } from '../stage/fill-stage.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { Declined } from './declined.ts';
import { declineObstacles, declineUnfit, type Wanted } from './hindrances.ts';
import { withKeysOff } from './keys-off.ts';
import { lockOut } from './lock-out.ts';

export interface WholeRequest extends WholeOptions, Wanted {
  readonly chunks: AsyncIterable<Chunk>;
}

/**
 * All rows of an empty table in one transaction, with its keys and indexes off: they are built over the rows at its end. Whoever dies in it, or is
 * refused, leaves the table as it was: empty, with its keys.
 */
export async function appendWhole(
  destination: Destination,
  model: TargetModel,
  request: WholeRequest,
): Promise<WholeAppend> {
  const { signal } = request;
  try {
    declineUnfit(destination, model, request);
    await destination.pool.use((session) => declineObstacles(session, model, { signal }), { signal });
    // Read before anything is locked: a source that has to wait for us (a filter that looks at the target) would wait for ever.
    await using source = await ChunkSource.open(request.chunks);
    const writing = { ...request, point: 'destination.rebuild' } as const;
    const inserted = await writeTransaction(destination, writing, (session) =>
      fillWhole(session, model, { source, signal }),
    );
    return { kind: 'appended', counts: { inserted, updated: 0, unchanged: 0, clashes: 0 } };
  } catch (thrown) {
    if (thrown instanceof Declined) return { kind: 'declined', reason: thrown.message };
    throw thrown;
  }
}

async function fillWhole(
  session: Session,
  model: TargetModel,
  { source, signal }: { readonly source: ChunkSource; readonly signal: AbortSignal },
): Promise<number> {
  await lockOut(session, model, { signal });
  if (!(await hasNoRow(session, model.table, signal))) throw new Declined('somebody else has written to it');
  // Somebody may have changed it since we looked.
  await declineObstacles(session, model, { signal });
  const fill = () => fillTargetFrom(session, source, { model, signal });
  return withKeysOff(session, model, { fill, signal });
}
