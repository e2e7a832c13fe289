import { LockstepError, toLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { RollbackOptions } from '../../../../protocol/generation.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { forgetPositions, forgetShards } from '../state/fence.sql.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { inSomeOrder } from '../write/in-some-order.ts';
import { ordersOf } from '../write/orders.ts';
import { dropTables } from './drop-kept.ts';
import { entryOf, type JournalEntry, keepEntry, readEntries, unfit } from './journal.ts';
import { isSwapped, isWhole } from './member.ts';
import { frameOf, type GenerationRequest, openAll } from './promote.ts';
import { SwapShare } from './swap/swap-share.ts';
import { TakingBack } from './taking-back.ts';
import { WholeTakingBack } from './whole/whole-share.ts';

export type RollbackRequest = GenerationRequest & RollbackOptions;

/** Takes the newest promoted one back, all of it in one transaction. A repeat finds it taken back. */
export async function rollBackGeneration(destination: Destination, request: RollbackRequest): Promise<void> {
  const { id, options, forgets = [] } = request;
  const { layout, pipeline } = destination;
  const journal = { layout, pipeline, signal: options.signal };
  await writeTransaction(destination, options, async (session) => {
    const entry = await entryOf(session, id, journal);
    if (entry.state === 'rolled-back') return;
    refuseUnfit(entry, await readEntries(session, journal));
    const collections = await takeBack(session, entry, { destination, request });
    await dropTables(session, entry, journal);
    // Rows and position go back together: a stream that went on from there would leave what is older for good.
    if (entry.positions !== null) await session.query(forgetPositions(layout), [pipeline], options);
    if (forgets.length > 0) await session.query(forgetShards(layout), [pipeline, forgets], options);
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
    throw unfit(
      entry.id,
      `nothing was kept of what ${custom.collection} was: rows left by a statement of yours`,
    );
}

async function takeBack(
  session: Session,
  entry: JournalEntry,
  { destination, request }: { readonly destination: Destination; readonly request: RollbackRequest },
): Promise<JournalEntry['collections']> {
  const { signal } = request.options;
  const { layout } = destination;
  const { all, written } = await openAll(session, entry, { layout, request });
  const parts = written.map((share) =>
    isWhole(share.member) ? new WholeTakingBack(share) : new TakingBack(share),
  );
  const swaps: SwapShare[] = [];
  for (const share of all.filter(({ member }) => isSwapped(member))) {
    const swap = new SwapShare(share, layout);
    if (await swap.maySwapBack(entry.id, request.changed)) swaps.push(swap);
  }
  for (const part of parts) await part.settleChanged(entry.id, request.changed);
  const orders = ordersOf(
    parts.map(({ ordered }) => ordered),
    frameOf(session, written, signal),
  );
  await inSomeOrder(session, orders, signal).catch((thrown: unknown) => {
    throw blocked(entry, toLockstepError(thrown));
  });
  for (const swap of swaps) await swap.swapBack(entry.id, request.changed);
  return all.map((share) => share.journal());
}

/** A refusal that no order cures; whatever else it is stays what it is. */
function blocked({ id }: JournalEntry, error: LockstepError): LockstepError {
  if (error.class !== 'change' && error.class !== 'deferred') return error;
  return new LockstepError('generation-blocked', { generation: id, detail: error.message }, { cause: error });
}
