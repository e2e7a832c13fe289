import type { ClientSession } from 'mongodb';
import type { Change } from '../../../../../protocol/change.ts';
import { reach } from '../../../../../protocol/failpoints.ts';
import type { Outcome } from '../../../../../protocol/outcome.ts';
import { logTime } from '../../../reader/not-before.ts';
import type { Destination } from '../../destination.ts';
import { writeTransaction } from '../../state/write-transaction.ts';
import { applyChanges } from '../../write/apply-changes.ts';
import { copyOf } from '../backup.ts';
import { changeEntry } from '../change-entry.ts';
import { collectionIn, entryOf, type JournalCollection, keepEntry, withCollection } from '../journal.ts';
import { changesOf, readStaged } from './kept-rows.ts';
import type { StageRequest } from './stage.ts';
import { writeApart } from './write-apart.ts';

const perTransaction = 1_000;

/**
 * More differs than one transaction takes: the target is copied within the server, what was put aside so far is written to the copy, and so is all
 * that follows. The copy takes the target's place then. What its indexes or its validator refuse of either is noted in `refused`, and
 * nobody else is blamed for it: a repeat would copy the whole target again.
 */
export async function becomeCopy(
  destination: Destination,
  each: JournalCollection,
  request: StageRequest,
): Promise<JournalCollection> {
  const { signal, generation } = request;
  const { deployment } = destination;
  const copiedAt = await logTime(deployment, { signal });
  const staging = await copyOf(destination, each, { ...request, kind: 'staging' });
  const kept = { rows: null, leaves: null, before: null, came: null };
  let copy: JournalCollection = {
    ...each,
    ...{ kind: 'copy', staging, copiedAt, kept, keepsFormer: true },
    ...{ rows: 0, leaving: 0, bytes: 0, inserted: 0, updated: 0, left: 0 },
  };
  const changes = changesOf(await readStaged(deployment, each, { signal }));
  const replay = async (some: readonly Change[]): Promise<void> => {
    copy = counting(copy, await writeTo(destination, copy, { ...request, changes: some, settle: nothing }));
  };
  for (let at = 0; at < changes.length; at += perTransaction)
    await writeApart(changes.slice(at, at + perTransaction), request.refused, replay);
  const become = copy;
  await changeEntry(destination, {
    ...request,
    id: generation,
    from: ['staging'],
    change: (entry) => withCollection(entry, become),
  });
  return copy;
}

/** Counted in the same transaction. What is refused is noted in `refused`. */
export async function applyToCopy(
  destination: Destination,
  copy: JournalCollection,
  request: StageRequest,
): Promise<void> {
  const { lease, signal, generation } = request;
  const settle = async (session: ClientSession, outcomes: readonly Outcome[]): Promise<void> => {
    const found = await entryOf(destination, generation, { pipeline: lease.pipeline, signal, session });
    const counted = counting(collectionIn(found, copy.collection), outcomes);
    await keepEntry(destination, withCollection(found, counted), session);
  };
  await writeApart(request.changes, request.refused, async (changes) => {
    await writeTo(destination, copy, { ...request, changes, settle });
  });
}

type WriteRequest = StageRequest & {
  readonly changes: readonly Change[];
  readonly settle: (session: ClientSession, outcomes: readonly Outcome[]) => Promise<void>;
};

async function writeTo(
  destination: Destination,
  { staging, target }: JournalCollection,
  { settle, model, changes, ...options }: WriteRequest,
): Promise<readonly Outcome[]> {
  const { deployment } = destination;
  const { signal } = options;
  const into = { ...model, collection: staging?.name ?? target };
  const outcomes = await writeTransaction(destination, options, async (session) => {
    const outcomes = await applyChanges({ deployment, model: into, session, signal }, changes);
    await settle(session, outcomes);
    reach('generation.stage.before-commit');
    return outcomes;
  });
  reach('generation.stage.after-commit');
  return outcomes;
}

const nothing = async (): Promise<void> => {};

function counting(each: JournalCollection, outcomes: readonly Outcome[]): JournalCollection {
  const count = (kind: Outcome['kind']): number => outcomes.filter((outcome) => outcome.kind === kind).length;
  const [inserted, updated, left] = [count('inserted'), count('updated'), count('left')];
  return {
    ...each,
    rows: each.rows + inserted + updated,
    leaving: each.leaving + left,
    inserted: (each.inserted ?? 0) + inserted,
    updated: (each.updated ?? 0) + updated,
    left: (each.left ?? 0) + left,
  };
}
