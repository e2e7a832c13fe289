import type { TakeOutRequest } from '../../../../protocol/generation.ts';
import type { Key } from '../../../../protocol/names.ts';
import type { Target } from '../../../../protocol/writer.ts';
import { decodeKey } from '../../key.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { dropTables } from './drop-kept.ts';
import { entryOf, type JournalEntry, type JournalRequest, keepEntry, unfit } from './journal.ts';
import { dropStaged } from './kept-tables.sql.ts';
import { type Member, membersOf } from './member.ts';

/** What was refused is no longer staged: rows and leavings of its keys, and targets without a key as a whole. */
export async function takeOutOfGeneration(
  destination: Destination,
  { id, refused, options }: TakeOutRequest,
): Promise<void> {
  const { layout, pipeline } = destination;
  const { signal } = options;
  const taking = { ...options, point: 'generation.take-out' } as const;
  const byTarget = Map.groupBy(refused, ({ target }) => target);
  await writeTransaction(destination, taking, async (session) => {
    const journal = { layout, pipeline, signal };
    const entry = await entryOf(session, id, journal);
    if (entry.state !== 'staged') throw unfit(id, `it is ${entry.state}`);
    const members = membersOf(layout, having(entry, [...byTarget.keys()]), [...byTarget.keys()]);
    const gone: Member[] = [];
    for (const member of members) {
      const keys = (byTarget.get(member.target) ?? []).map(({ key }) => key);
      if (keys.includes(null)) gone.push(member);
      else await dropKeys(session, member, { keys: keys.filter((key) => key !== null), signal });
    }
    await leaveOut(session, entry, { members: gone, journal });
  });
}

/** Those of an earlier attempt are gone from it. */
function having(entry: JournalEntry, targets: readonly Target[]): JournalEntry {
  const names = new Set(targets.map(({ plan }) => plan.name));
  return { ...entry, collections: entry.collections.filter(({ collection }) => names.has(collection)) };
}

async function dropKeys(
  session: Session,
  { model, kept }: Member,
  { keys, signal }: { readonly keys: readonly Key[]; readonly signal: AbortSignal },
): Promise<void> {
  const parts = keys.map(decodeKey);
  const values = model.key.map((_, index) => parts.map((part) => part[index] ?? null));
  const options = { signal, collection: model.collection };
  for (const stage of [kept.rows, kept.keys]) await session.query(dropStaged(model, stage), values, options);
}

/** Members that are no longer part of it. */
async function leaveOut(
  session: Session,
  entry: JournalEntry,
  { members, journal }: { readonly members: readonly Member[]; readonly journal: JournalRequest },
): Promise<void> {
  if (members.length === 0) return;
  const out = new Set(members.map((member) => member.journal.collection));
  const [dropped, collections] = [
    entry.collections.filter(({ collection }) => out.has(collection)),
    entry.collections.filter(({ collection }) => !out.has(collection)),
  ];
  await dropTables(session, { ...entry, collections: dropped }, journal);
  await keepEntry(session, { ...entry, collections }, journal);
}
