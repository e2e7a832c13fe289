import { LockstepError, toLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { inSomeOrder } from '../write/in-some-order.ts';
import { ordersOf } from '../write/orders.ts';
import { roomForJoining } from '../write/upsert.sql.ts';
import { entryOf, type JournalEntry, keepEntry, readEntries, unfit } from './journal.ts';
import { membersOf } from './member.ts';
import { frameOf, type GenerationRequest, openShares } from './promote.ts';
import { dropTables } from './staging.ts';
import { TakingBack } from './taking-back.ts';

export type RollbackRequest = GenerationRequest & { readonly changed: 'refuse' | 'keep' };

/** Takes the newest promoted one back, all of it in one transaction. A repeat finds it taken back. */
export async function rollBackGeneration(destination: Destination, request: RollbackRequest): Promise<void> {
  const { id, options } = request;
  const { layout, pipeline } = destination;
  const journal = { layout, pipeline, signal: options.signal };
  await writeTransaction(destination, options, async (session) => {
    const entry = await entryOf(session, id, journal);
    if (entry.state === 'rolled-back') return;
    refuseUnfit(entry, await readEntries(session, journal));
    const collections = await takeBack(session, entry, { destination, request });
    await dropTables(session, entry, journal);
    await keepEntry(session, { ...entry, state: 'rolled-back', collections }, journal);
    reach('generation.rollback.before-commit');
  });
  reach('generation.rollback.after-commit');
}

function refuseUnfit(entry: JournalEntry, entries: readonly JournalEntry[]): void {
  if (entry.state !== 'promoted') throw unfit(entry.id, `it is ${entry.state}`);
  const newest = entries.find(({ state }) => state === 'promoted');
  if (newest !== undefined && newest.id !== entry.id)
    throw unfit(entry.id, `generation ${newest.id} was promoted after it and has to be taken back first`);
  const custom = entry.collections.find(({ invertible }) => !invertible);
  if (custom !== undefined)
    throw unfit(entry.id, `rows of ${custom.collection} left by a statement of yours, which has no inverse`);
}

async function takeBack(
  session: Session,
  entry: JournalEntry,
  { destination, request }: { readonly destination: Destination; readonly request: RollbackRequest },
): Promise<JournalEntry['collections']> {
  const { signal } = request.options;
  const members = membersOf(destination.layout, entry, request.targets);
  await session.execute(roomForJoining, { signal });
  const shares = await openShares(session, members, signal);
  for (const share of shares) await new TakingBack(share).settleChanged(entry.id, request.changed);
  const orders = ordersOf(
    shares.map((share) => new TakingBack(share).ordered),
    frameOf(session, shares, signal),
  );
  await inSomeOrder(session, orders, signal).catch((thrown: unknown) => {
    throw blocked(entry, toLockstepError(thrown));
  });
  return shares.map((share) => share.journal());
}

/** A refusal that no order cures; whatever else it is stays what it is. */
function blocked({ id }: JournalEntry, error: LockstepError): LockstepError {
  if (error.class !== 'change' && error.class !== 'deferred') return error;
  return new LockstepError('generation-blocked', { generation: id, detail: error.message }, { cause: error });
}
