import { type Db, type Filter, MongoServerError } from 'mongodb';
import type { Destination } from '../destination.ts';
import { nameOf } from './slots.ts';
import type { SlotState } from './state-documents.ts';

const unauthorized = 13;

/**
 * Ends the sessions, and with them the transactions, of lanes that are not ours: they would hold our documents until the server’s own limit, a
 * minute, even when their process is dead.
 */
export function endOtherSessions(
  { state, deployment, slots }: Destination,
  { which, signal }: { readonly which: Filter<SlotState>; readonly signal: AbortSignal },
): Promise<void> {
  return deployment.run({ signal }, async (db) => {
    const found = await state.slots.find({ ...which, '_id.kind': 'slot' }, { signal }).toArray();
    const own = new Set(slots.all.map((slot) => nameOf(slot).toString('hex')));
    const theirs = found.filter(({ session }) => !own.has(session.toString('hex')));
    if (theirs.length > 0) await end(db, theirs);
  });
}

/** Sessions of another user, with which an older configuration logged in, end by that limit: they are waited for. */
async function end(db: Db, slots: readonly Pick<SlotState, 'session'>[]): Promise<void> {
  try {
    await db.command({ killSessions: slots.map(({ session }) => ({ id: session })) });
  } catch (thrown) {
    if (!(thrown instanceof MongoServerError && thrown.code === unauthorized)) throw thrown;
  }
}
