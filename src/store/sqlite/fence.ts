import type { FencedBy } from '../../protocol/control-store.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { SqliteDatabase } from './database.ts';

/** A transaction on behalf of a pipeline. */
export type FencedWrite = <T>(by: FencedBy, work: () => T) => Promise<T>;

/**
 * The fence is looked at inside the transaction that writes, so nobody can take the lease in between. Any fence but the newest
 * is refused: a lower one is an old owner's; a higher one means that an older copy of the store was put in its place.
 */
export function createFencedWrite(database: SqliteDatabase): FencedWrite {
  const newest = database.prepare('SELECT fence FROM leases WHERE pipeline = ?');
  return ({ pipeline, fence }, work) =>
    database.write(() => {
      if (newest.get(pipeline)?.fence !== fence) throw new LockstepError('fence-lost', { pipeline });
      return work();
    });
}
