import type { ClientSession } from 'mongodb';
import type { Change } from '../../../../../protocol/change.ts';
import type { Key } from '../../../../../protocol/names.ts';
import { keyOfDocument } from '../../../key.ts';
import { documentColumn, idColumn } from '../../../names.ts';
import { readDocuments } from '../../../reader/documents.ts';

import type { Deployment } from '../../../session/deployment.ts';
import type { JournalCollection, KeptCollection } from '../journal.ts';

interface ReadKept {
  readonly signal: AbortSignal;
  readonly session?: ClientSession;
}

export type Documents = ReadonlyMap<Key, Uint8Array>;

/** All documents of what was kept, which fits into memory as it fits into a transaction. */
export async function readKept(
  deployment: Deployment,
  kept: KeptCollection | null,
  options: ReadKept,
): Promise<Documents> {
  const documents = new Map<Key, Uint8Array>();
  if (kept === null) return documents;
  for await (const batch of readDocuments(deployment, { ...options, collection: kept.name, filter: {} }))
    for (const document of batch) documents.set(keyOfDocument(document), document);
  return documents;
}

/** What was put aside of one collection. */
export interface Staged {
  readonly rows: Documents;
  readonly leaves: readonly Key[];
}

export async function readStaged(
  deployment: Deployment,
  { kept }: Pick<JournalCollection, 'kept'>,
  options: ReadKept,
): Promise<Staged> {
  const rows = await readKept(deployment, kept.rows, options);
  const leaves = await readKept(deployment, kept.leaves, options);
  return { rows, leaves: [...leaves.keys()] };
}

export const upsertOf = ([key, document]: readonly [Key, Uint8Array]): Change => ({
  kind: 'upsert',
  key,
  row: { [idColumn]: key, [documentColumn]: document },
});

export const leaveOf = (key: Key): Change => ({ kind: 'leave', key });

/** Leavings first: in a copy, which takes them piece by piece, they free unique values. */
export const changesOf = ({ rows, leaves }: Staged): readonly Change[] => [
  ...leaves.map(leaveOf),
  ...[...rows].map(upsertOf),
];
