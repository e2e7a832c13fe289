import { BSON, type ClientSession } from 'mongodb';
import type { Change } from '../../../../../protocol/change.ts';
import { LockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../../protocol/failpoints.ts';
import type { GenerationId } from '../../../../../protocol/generation.ts';
import type { WriteOptions } from '../../../../../protocol/writer.ts';
import { idOfKey, keyOfDocument } from '../../../key.ts';
import { documentsByKey } from '../../../reader/by-key.ts';
import type { Destination } from '../../destination.ts';
import type { TargetModel } from '../../model.ts';
import { writeTransaction } from '../../state/write-transaction.ts';
import { documentOfRow } from '../../write/batches.ts';
import { insert, type KeyedDocument } from '../../write/bring-in.ts';
import { changeEntry } from '../change-entry.ts';
import { makeKept } from '../fill.ts';
import {
  collectionIn,
  entryOf,
  type JournalCollection,
  type JournalEntry,
  keepEntry,
  withCollection,
} from '../journal.ts';
import { applyToCopy, becomeCopy } from './copy.ts';
import type { RefusedKeys } from './write-apart.ts';

/**
 * Of all collections of a generation together, so that they fit into one transaction with what they replace: all that it writes stays in the
 * server's cache until it ends. Replacing documents of 0.7 KB on a server with the smallest cache (256 MB) took 1.2 s for 5,000, 3.6 s for
 * 10,000, and 20,000 did not go through; renaming a collection of 20,000 in took 0.9 s with its copy.
 */
const mostAtOnce = { documents: 5_000, bytes: 8 * 1024 * 1024 };

export interface StageRequest extends WriteOptions {
  readonly generation: GenerationId;
  /** The plan's name. */
  readonly collection: string;
  readonly model: TargetModel;
  readonly changes: readonly Change[];
  /** Takes what a copy refuses, of these changes and of what was put aside before. */
  readonly refused: RefusedKeys;
}

/** Puts changes aside, in a transaction with the fence; what is staged already of a key stays. */
export async function stageDifferences(destination: Destination, request: StageRequest): Promise<void> {
  const { lease, signal, generation, collection, changes } = request;
  const entry = await entryOf(destination, generation, { pipeline: lease.pipeline, signal });
  const each = collectionIn(entry, collection);
  if (each.kind === 'copy') return await applyToCopy(destination, each, request);
  if (isTooMuch(entry, each, changes)) {
    if (!each.mayBeCopied) throw new LockstepError('generation-too-large', { collection: each.target });
    const copy = await becomeCopy(destination, each, request);
    return await applyToCopy(destination, copy, request);
  }
  const ready = each.kept.rows === null ? await makeRoom(destination, each, request) : each;
  await putAside(destination, ready, request);
}

const bytesOf = (change: Change): number => (change.kind === 'upsert' ? documentOfRow(change.row).length : 0);

const totalBytes = (changes: readonly Change[]): number =>
  changes.reduce((sum, change) => sum + bytesOf(change), 0);

/** Those that can't be copied have the same room again to themselves: what is found of others first must not crowd them out. */
function isTooMuch(
  { collections }: JournalEntry,
  { mayBeCopied }: JournalCollection,
  changes: readonly Change[],
): boolean {
  const together = collections.filter(
    (each) => each.kind === 'differences' && each.mayBeCopied === mayBeCopied,
  );
  const documents = together.reduce((sum, { rows, leaving }) => sum + rows + leaving, changes.length);
  const bytes = together.reduce((sum, each) => sum + each.bytes, totalBytes(changes));
  return documents > mostAtOnce.documents || bytes > mostAtOnce.bytes;
}

/** With the target's collation, which decides which ids are equal, and without what a document could be refused for. */
async function makeRoom(
  destination: Destination,
  each: JournalCollection,
  request: StageRequest,
): Promise<JournalCollection> {
  const place = { ...request, place: each.place, target: each.target };
  const rows = await makeKept(destination, { ...place, kind: 'rows', validates: false });
  const leaves = await makeKept(destination, { ...place, kind: 'leaves', validates: false });
  const made = { ...each, kept: { ...each.kept, rows, leaves } };
  await changeEntry(destination, {
    ...request,
    id: request.generation,
    from: ['staging'],
    change: (entry) => withCollection(entry, made),
  });
  return made;
}

async function putAside(
  destination: Destination,
  { kept, collection }: JournalCollection,
  request: StageRequest,
): Promise<void> {
  const { lease, signal, generation, changes } = request;
  if (kept.rows === null || kept.leaves === null) return;
  const names = { rows: kept.rows.name, leaves: kept.leaves.name };
  const upserts = changes.flatMap((change): readonly KeyedDocument[] =>
    change.kind === 'upsert' ? [{ key: change.key, document: documentOfRow(change.row) }] : [],
  );
  const leaves = changes.flatMap((change): readonly KeyedDocument[] =>
    change.kind === 'leave' ? [idOnly(change.key)] : [],
  );
  await writeTransaction(destination, request, async (session) => {
    const put = { destination, request, session };
    const rows = await putNew({ ...put, name: names.rows, documents: upserts });
    const gone = await putNew({ ...put, name: names.leaves, documents: leaves });
    const found = await entryOf(destination, generation, { pipeline: lease.pipeline, signal, session });
    const each = collectionIn(found, collection);
    const counted = {
      ...each,
      rows: each.rows + rows.count,
      leaving: each.leaving + gone.count,
      bytes: each.bytes + rows.bytes,
    };
    await keepEntry(destination, withCollection(found, counted), session);
    reach('generation.stage.before-commit');
  });
  reach('generation.stage.after-commit');
}

const idOnly = (key: string): KeyedDocument => {
  const document = BSON.serialize({ _id: idOfKey(key) });
  return { key: keyOfDocument(document), document };
};

interface Put {
  readonly destination: Destination;
  readonly request: StageRequest;
  readonly session: ClientSession;
  readonly name: string;
  readonly documents: readonly KeyedDocument[];
}

async function putNew({ destination, request, session, name, documents }: Put) {
  const { deployment } = destination;
  const { model, signal } = request;
  if (documents.length === 0) return { count: 0, bytes: 0 };
  const keys = documents.map(({ key }) => key);
  const there = await documentsByKey(deployment, { collection: name, keys, session, signal });
  const missing = documents.filter(({ key }) => !there.has(key));
  await insert({ deployment, model: { ...model, collection: name }, session, signal }, missing);
  const bytes = missing.reduce((sum, { document }) => sum + document.length, 0);
  return { count: missing.length, bytes };
}
