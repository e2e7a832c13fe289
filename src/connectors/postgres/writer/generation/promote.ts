import { reach } from '../../../../protocol/failpoints.ts';
import type { GenerationId } from '../../../../protocol/generation.ts';
import type { Target, WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { StateLayout } from '../state/state-layout.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { inSomeOrder } from '../write/in-some-order.ts';
import { type OrderFrame, ordersOf } from '../write/orders.ts';
import { fewRowsByIndex, roomForJoining } from '../write/upsert.sql.ts';
import { Bringing } from './bringing.ts';
import { entryOf, type JournalCollection, type JournalEntry, keepEntry, unfit } from './journal.ts';
import { isSwapped, isWhole, type Member, membersOf } from './member.ts';
import { Promotion } from './promotion.ts';
import { SwapShare } from './swap/swap-share.ts';
import { WholePromotion } from './whole/whole-share.ts';

export interface GenerationRequest {
  readonly id: GenerationId;
  readonly targets: readonly Target[];
  readonly options: WriteOptions;
}

/** All of it in one transaction: readers see what was, then what is. A repeat finds it promoted. */
export async function promoteGeneration(destination: Destination, request: GenerationRequest): Promise<void> {
  const { id, options } = request;
  const { signal } = options;
  const { layout, pipeline } = destination;
  const journal = { layout, pipeline, signal };
  await writeTransaction(destination, options, async (session) => {
    const entry = await entryOf(session, id, journal);
    if (entry.state === 'promoted') return;
    if (entry.state !== 'staged') throw unfit(id, `it is ${entry.state}`);
    const collections = await bringIn(session, entry, { destination, request });
    await keepEntry(session, { ...entry, state: 'promoted', held: null, collections }, journal);
    reach('generation.promote.before-commit');
  });
  reach('generation.promote.after-commit');
}

async function bringIn(
  session: Session,
  entry: JournalEntry,
  { destination, request }: { readonly destination: Destination; readonly request: GenerationRequest },
): Promise<JournalEntry['collections']> {
  const { signal } = request.options;
  const { layout } = destination;
  const { all, written } = await openAll(session, entry, { layout, request });
  for (const share of written) await promotionOf(share).keepInverse();
  await promoteInSomeOrder(session, written, signal);
  for (const share of written) if (isWhole(share.member)) await new WholePromotion(share).settle();
  const collections: JournalCollection[] = written.map((share) => share.journal());
  for (const share of all)
    if (isSwapped(share.member)) collections.push(await new SwapShare(share, layout).promote());
  return collections;
}

interface AllShares {
  readonly all: readonly Bringing[];
  /** Without those whose tables change places. */
  readonly written: readonly Bringing[];
}

/** Of every target of a generation, as the journal has it. */
export async function openAll(
  session: Session,
  entry: JournalEntry,
  { layout, request }: { readonly layout: StateLayout; readonly request: GenerationRequest },
): Promise<AllShares> {
  const { signal } = request.options;
  const members = membersOf(layout, entry, request.targets);
  await session.execute(`${roomForJoining};${fewRowsByIndex}`, { signal });
  const all = await openShares(session, members, signal);
  return { all, written: all.filter(({ member }) => !isSwapped(member)) };
}

const promotionOf = (share: Bringing): Promotion | WholePromotion =>
  isWhole(share.member) ? new WholePromotion(share) : new Promotion(share);

export async function openShares(
  session: Session,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<readonly Bringing[]> {
  const tables = members.map(({ model }) => model.table);
  const shares: Bringing[] = [];
  for (const member of members) shares.push(await Bringing.open(session, member, { tables, signal }));
  return shares;
}

export const promoteInSomeOrder = (
  session: Session,
  shares: readonly Bringing[],
  signal: AbortSignal,
): Promise<void> => {
  const parts = shares.map((share) => promotionOf(share).ordered);
  return inSomeOrder(session, ordersOf(parts, frameOf(session, shares, signal)), signal);
};

/** Each attempt counts anew, and what is deferrable shows at its end. */
export const frameOf = (session: Session, shares: readonly Bringing[], signal: AbortSignal): OrderFrame => ({
  begin: async () => {
    for (const share of shares) share.forget();
    await session.execute('SET CONSTRAINTS ALL DEFERRED', { signal });
  },
  end: () => session.execute('SET CONSTRAINTS ALL IMMEDIATE', { signal }),
});
