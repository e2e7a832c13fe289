import { reach } from '../../../../protocol/failpoints.ts';
import type { GenerationId } from '../../../../protocol/generation.ts';
import type { Target, WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { inSomeOrder, type Step } from '../write/in-some-order.ts';
import { ordersOf } from '../write/orders.ts';
import { roomForJoining } from '../write/upsert.sql.ts';
import { entryOf, type JournalEntry, keepEntry, unfit } from './journal.ts';
import { type Member, membersOf } from './member.ts';
import { Promotion } from './promotion.ts';

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
  const members = membersOf(destination.layout, entry, request.targets);
  await session.execute(roomForJoining, { signal });
  const promotions = await openPromotions(session, members, signal);
  for (const promotion of promotions) await promotion.keepInverse();
  await promoteInSomeOrder(session, promotions, signal);
  return promotions.map((promotion) => promotion.journal());
}

export async function openPromotions(
  session: Session,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<readonly Promotion[]> {
  const tables = members.map(({ model }) => model.table);
  const promotions: Promotion[] = [];
  for (const member of members) promotions.push(await Promotion.open(session, member, { tables, signal }));
  return promotions;
}

export async function promoteInSomeOrder(
  session: Session,
  promotions: readonly Promotion[],
  signal: AbortSignal,
): Promise<void> {
  const begin: Step = async () => {
    for (const promotion of promotions) promotion.forget();
    await session.execute('SET CONSTRAINTS ALL DEFERRED', { signal });
  };
  const end: Step = () => session.execute('SET CONSTRAINTS ALL IMMEDIATE', { signal });
  const parts = promotions.map(({ ordered }) => ordered);
  await inSomeOrder(session, ordersOf(parts, { begin, end }), signal);
}
