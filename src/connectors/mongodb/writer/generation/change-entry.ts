import type { GenerationId } from '../../../../protocol/generation.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { entryOf, type JournalEntry, keepEntry, unfit } from './journal.ts';

export interface EntryChange extends WriteOptions {
  readonly id: GenerationId;
  readonly from: readonly JournalEntry['state'][];
  readonly change: (entry: JournalEntry) => JournalEntry;
}

/** In a transaction with the fence. */
export function changeEntry(
  destination: Destination,
  { id, from, change, ...options }: EntryChange,
): Promise<JournalEntry> {
  const { lease, signal } = options;
  return writeTransaction(destination, options, async (session) => {
    const entry = await entryOf(destination, id, { pipeline: lease.pipeline, signal, session });
    if (!from.includes(entry.state)) throw unfit(id, `it is ${entry.state}`);
    const changed = change(entry);
    await keepEntry(destination, changed, session);
    return changed;
  });
}
