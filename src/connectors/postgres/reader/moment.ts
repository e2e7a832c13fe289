import { randomUUID } from 'node:crypto';
import { LockstepError, toLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { quoteLiteral } from '../names.ts';
import type { SessionPool } from '../session/pool.ts';
import type { Session } from '../session/session.ts';
import type { ReadingOwner } from './reading-owner.ts';

type Entering = Pick<ReadingOwner, 'entering'>;

/** What reads of one snapshot see. */
export interface Moment extends AsyncDisposable {
  readonly id: string;
  /** The statements that begin a transaction which sees it. */
  begin(): string;
}

/** Set again in every transaction: a pooler may give each of them another server session. */
const unfiltered = 'SET LOCAL row_security = off';

/** In front of a statement that is one transaction with it, in one message. */
export const newest = `SET TRANSACTION READ ONLY; ${unfiltered}; `;

/** The same, and first of all the snapshot that the statement sees. */
export const newestWithSnapshot = `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; ${unfiltered}; SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text; `;

/** Each read sees the moment in which it begins: for destinations, which change while we write them. */
export const momentOfEachRead = (owner: Entering): Moment => ({
  id: randomUUID(),
  begin: () => `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${unfiltered}${owner.entering}`,
  [Symbol.asyncDispose]: async () => undefined,
});

/**
 * One moment for all reads: a transaction of its own exports its snapshot and stays open. A lost coordinator means a lost
 * moment, even for sessions that could still go on with it, so that a pass never mixes two.
 */
export async function exportedMoment(
  pool: SessionPool,
  { owner, ...options }: { readonly owner: Entering; readonly signal: AbortSignal },
): Promise<Moment> {
  const session = await pool.open(options);
  try {
    await session.execute(
      `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${unfiltered}${owner.entering}`,
      options,
    );
    const { rows } = await session.query<{ id: string }>(
      'SELECT pg_catalog.pg_export_snapshot() AS id',
      undefined,
      options,
    );
    return coordinated(session, rows[0]?.id ?? '', owner);
  } catch (thrown) {
    await session[Symbol.asyncDispose]();
    throw toLockstepError(thrown);
  }
}

const coordinated = (session: Session, id: string, owner: Entering): Moment => ({
  id,
  begin: () => {
    if (session.broken)
      throw new LockstepError('snapshot-lost', { detail: 'the session that held it was lost' });
    return `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT ${quoteLiteral(id)}; ${unfiltered}${owner.entering}`;
  },
  [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
});
