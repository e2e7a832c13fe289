import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import { changeEntry } from './change-entry.ts';
import { cleanUp } from './clean-up.ts';
import { type JournalEntry, readEntries } from './journal.ts';
import { endPromotion } from './promote.ts';
import { endRollback } from './rollback.ts';

/**
 * What an older owner left half done, before anything else is done under a new fence:
 *
 * | it left            | what becomes of it                                                            |
 * |--------------------|-------------------------------------------------------------------------------|
 * | `staging`          | discarded, and what it had made is dropped: it can't be renamed in any more    |
 * | `staged`           | waits: it was held back, or the next run drops it                              |
 * | `promoting`        | renamed to the end: readers of some collections have it already                |
 * | `rolling-back`     | the same                                                                      |
 * | anything else      | nothing but what the clean-up finds                                           |
 */
export async function settleGenerations(destination: Destination, options: WriteOptions): Promise<void> {
  const { lease, signal } = options;
  const entries = await readEntries(destination, { pipeline: lease.pipeline, signal });
  if (entries.length === 0) return;
  for (const entry of entries) await settle(destination, entry, options);
  await cleanUp(destination, options);
}

async function settle(destination: Destination, entry: JournalEntry, options: WriteOptions): Promise<void> {
  if (entry.state === 'promoting') await endPromotion(destination, entry, options);
  if (entry.state === 'rolling-back') await endRollback(destination, entry, options);
  if (entry.state === 'staging' && entry.fence < options.lease.fence)
    await changeEntry(destination, {
      ...options,
      id: entry._id.number,
      from: ['staging'],
      change: (found) => ({ ...found, state: 'discarded' }),
    });
}
