import type { ClientSession } from 'mongodb';
import { LockstepError, toLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { WriteOptions } from '../../../../../protocol/writer.ts';
import type { Destination } from '../../destination.ts';
import { writeTransaction } from '../../state/write-transaction.ts';
import { applyWindow } from '../../window/apply-window.ts';
import type { JournalCollection, JournalEntry } from '../journal.ts';
import type { Share } from './share.ts';
import { countsBack, inversePart, openTakingBack, requireUnchanged, type TakingBack } from './take-back.ts';

/** Of the server's minute. */
const seconds = 45;

export interface RollBackRequest {
  readonly entry: JournalEntry;
  readonly shares: readonly Share[];
  readonly options: WriteOptions;
  readonly changed: 'refuse' | 'keep';
}

type Note = (session: ClientSession, entry: JournalEntry) => Promise<void>;

/** One transaction over all collections, with the journal's note in it: which there is also where no differences are. */
export async function takeBackDifferences(
  destination: Destination,
  { entry, shares, options, changed }: RollBackRequest,
  note: Note,
): Promise<JournalEntry> {
  const { signal } = options;
  const id = entry._id.number;
  const backs: TakingBack[] = [];
  for (const share of shares)
    backs.push(await openTakingBack(destination, share, { signal, keeps: changed === 'keep' }));
  const counted = new Map<string, JournalCollection>(
    backs.map((back) => [back.share.each.collection, countsBack(back)]),
  );
  const collections = entry.collections.map((each) => counted.get(each.collection) ?? each);
  const after = { ...entry, collections };
  if (backs.length === 0) {
    await writeTransaction(destination, options, (session) => note(session, after));
    return after;
  }
  const first = async (session: ClientSession): Promise<void> => {
    for (const back of backs) await requireUnchanged(destination, back, { id, signal, session });
    await note(session, after);
  };
  const window = { parts: backs.map(inversePart), position: null, marks: new Map(), newestLetter: null };
  try {
    await applyWindow(destination, { ...window, seconds, first }, options);
  } catch (thrown) {
    throw blocked(id, toLockstepError(thrown));
  }
  return after;
}

/** A refusal that no order cures; whatever else it is stays what it is. */
function blocked(generation: number, error: LockstepError): LockstepError {
  if (error.class !== 'change' && error.class !== 'deferred') return error;
  return new LockstepError('generation-blocked', { generation, detail: error.message }, { cause: error });
}
