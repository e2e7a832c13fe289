import type { CollectionWork } from './collection-work.ts';
import { compareDigests } from './compare-digests.ts';
import type { SuspectSink } from './compare-partitions.ts';
import { compareProven } from './compare-proven.ts';
import { compareStoredForms } from './compare-stored-forms.ts';
import { refuseNullKeys } from './null-keys.ts';

/** Finds every key whose row may differ between source and target, by the cheapest way that is provably right. */
export async function compareCollection(work: CollectionWork, sink: SuspectSink): Promise<void> {
  work.tally.sourceRows = 0;
  work.tally.targetRows = 0;
  await refuseNullKeys(work);
  if (work.agreement !== null) await compareDigests(work, work.agreement, sink);
  else if (work.knowledge !== null) await compareProven(work, work.knowledge, sink);
  else await compareStoredForms(work, sink);
}
