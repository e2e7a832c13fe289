import type { FencedBy } from '../../protocol/control-store.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { PostgresDatabase } from './database.ts';
import type { StoreSession } from './session.ts';

/** A transaction on behalf of a pipeline. */
export type FencedWrite = <Result>(
  by: FencedBy,
  work: (session: StoreSession) => Promise<Result>,
) => Promise<Result>;

/**
 * The lease's row is locked until the end of the transaction that writes, so nobody can take the lease in between, and what one owner
 * writes happens in the order in which it was asked for, also when a connection was lost and its last transaction is still under way at the
 * server. Any fence but the newest is refused: a lower one is an old owner's; a higher one means that an older copy of the store was put
 * in its place.
 */
export function createFencedWrite(database: PostgresDatabase): FencedWrite {
  const newestSql = `SELECT fence FROM ${database.tables.leases} WHERE pipeline = $1 FOR NO KEY UPDATE`;
  return ({ pipeline, fence }, work) =>
    database.write(async (session) => {
      const { rows } = await session.query(newestSql, [pipeline]);
      if (rows[0]?.['fence'] !== String(fence)) throw new LockstepError('fence-lost', { pipeline });
      return await work(session);
    });
}
