import type { ClientSession } from 'mongodb';
import type { WriteOptions } from '../../../../../protocol/writer.ts';
import type { Destination } from '../../destination.ts';
import { applyWindow } from '../../window/apply-window.ts';
import { entryOf, type JournalCollection, type JournalEntry, keepEntry, unfit } from '../journal.ts';
import { keepInverse, makeInverse, partOf, type Share } from './share.ts';

/** Of the server's minute. */
const seconds = 45;

export interface BringInRequest {
  readonly entry: JournalEntry;
  readonly shares: readonly Share[];
  readonly options: WriteOptions;
  /** Right before the transaction ends. */
  readonly reached: () => void;
}

/**
 * One transaction over all collections: keeps what is there now of exactly these documents, brings in what was put aside, and writes the
 * journal's entry as it is then.
 */
export async function bringInDifferences(
  destination: Destination,
  { entry, shares, options, reached }: BringInRequest,
): Promise<JournalEntry> {
  const generation = entry._id.number;
  const ready: Share[] = [];
  for (const share of shares) ready.push(await makeInverse(destination, share, { ...options, generation }));
  const { lease, signal } = options;
  let after = entry;
  const first = async (session: ClientSession): Promise<void> => {
    const { state } = await entryOf(destination, generation, { pipeline: lease.pipeline, signal, session });
    if (state !== 'staged') throw unfit(generation, `it is ${state}`);
    const brought = new Map<string, JournalCollection>();
    for (const share of ready)
      brought.set(share.each.collection, await keepInverse(destination, share, { session, signal }));
    const collections = entry.collections.map((each) => brought.get(each.collection) ?? each);
    after = { ...entry, collections };
    await keepEntry(destination, after, session);
    reached();
  };
  const window = { parts: ready.map(partOf), position: null, marks: new Map(), newestLetter: null };
  await applyWindow(destination, { ...window, seconds, first }, options);
  return after;
}
