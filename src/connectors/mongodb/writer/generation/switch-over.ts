import type { UUID } from 'mongodb';
import { toLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import { requireFence } from '../state/read-state.ts';
import { collectionId, isSame } from './collection-id.ts';
import type { KeptCollection } from './journal.ts';
import { type WatchRequest, writesSince } from './write-watch.ts';

/** One collection that takes the place of another. */
export interface Switch {
  readonly target: string;
  /** What has its name until then. */
  readonly over: UUID;
  readonly by: KeptCollection;
}

/**
 * - `done`: readers have the other one now
 * - `left`: what has the target's name is neither, or what was to take its place is gone: somebody else was at work, and it stays
 */
export interface Switched {
  readonly result: 'done' | 'left';
  /** How long the server took for the rename, in which nobody gets at either. Null: an earlier attempt did it. */
  readonly lockedMs: number | null;
}

/**
 * Renames over the target, which for its readers is one step. The ids decide what is still to do, so a repeat ends what another began. It needs no
 * fence of its own: an owner that was overtaken has nothing to rename, since whoever came after it ended this or dropped what was staged.
 */
export async function switchOver(
  destination: Destination,
  { target, over, by }: Switch,
  options: WriteOptions,
): Promise<Switched> {
  const { deployment } = destination;
  const { signal } = options;
  await requireFence(destination, options);
  reach('generation.rename.before');
  const now = await collectionId(deployment, target, { signal });
  if (isSame(now, by.id)) return { result: 'done', lockedMs: null };
  const isThere = isSame(await collectionId(deployment, by.name, { signal }), by.id);
  if (!isSame(now, over) || !isThere) return { result: 'left', lockedMs: null };
  const startedAtMs = performance.now();
  await deployment.run({ signal, collection: target }, (db) =>
    db.renameCollection(by.name, target, { dropTarget: true, writeConcern: { w: 'majority' } }),
  );
  const lockedMs = Math.ceil(performance.now() - startedAtMs);
  reach('generation.rename.after');
  return { result: 'done', lockedMs };
}

/**
 * What somebody wrote to the targets right before they were renamed over, too late to be noticed then: it is told, since it is lost. Where that
 * can't be found out, by a log that does not reach back or for want of a right, that is told: what was begun is ended all the same.
 */
export async function tellLost(destination: Destination, request: WatchRequest): Promise<void> {
  if (request.targets.length === 0) return;
  const written = await lostWrites(destination, request);
  for (const [collection, count] of written) {
    const message = `${count} write(s) of somebody else to ${collection} came between its last check and the rename, and are lost: nobody else should write to a collection that is swapped`;
    destination.notice({ kind: 'warning', message });
  }
}

async function lostWrites(
  { deployment, notice }: Destination,
  request: WatchRequest,
): Promise<ReadonlyMap<string, number>> {
  const tellUnknown = (why: string): ReadonlyMap<string, number> => {
    const named = request.targets.join(', ');
    const message = `whether somebody else wrote to ${named} between the last check and the rename can’t be told, and would be lost: ${why}`;
    notice({ kind: 'warning', message });
    return new Map();
  };
  try {
    const written = await writesSince(deployment, request);
    return written ?? tellUnknown('the server’s log does not reach back so far any more');
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (error.class === 'transient' || error.code === 'interrupted') throw error;
    return tellUnknown(error.message);
  }
}
