import type { ClientSession } from 'mongodb';
import type { Key } from '../../../../../protocol/names.ts';
import type { Target, WriteOptions } from '../../../../../protocol/writer.ts';
import { idElement } from '../../../bson/elements.ts';
import { documentOf, sameBytes } from '../../../bson/layout.ts';
import { documentsByKey } from '../../../reader/by-key.ts';
import type { Destination } from '../../destination.ts';
import type { TargetModel } from '../../model.ts';
import type { WindowPart } from '../../window/window-part.ts';
import { insert } from '../../write/bring-in.ts';
import { makeKept } from '../fill.ts';
import { isRenamed, type JournalCollection, type JournalEntry, unfit } from '../journal.ts';
import { modelOf } from '../model-of.ts';
import { changesOf, readStaged, type Staged } from './kept-rows.ts';

/** What the differences of one collection come to in the transaction that brings them in. */
export interface Share {
  readonly each: JournalCollection;
  readonly target: Target;
  readonly model: TargetModel;
  readonly staged: Staged;
}

/** Those of a generation; what was dropped by hand is found missing. */
export async function openShares(
  { deployment }: Destination,
  { _id, collections }: JournalEntry,
  { targets, signal }: { readonly targets: readonly Target[]; readonly signal: AbortSignal },
): Promise<readonly Share[]> {
  const shares: Share[] = [];
  for (const each of collections.filter((some) => !isRenamed(some))) {
    const target = targets.find(({ plan }) => plan.name === each.collection);
    if (target === undefined) continue;
    const staged = await readStaged(deployment, each, { signal });
    if (staged.rows.size !== each.rows || staged.leaves.length !== each.leaving)
      throw unfit(_id.number, `not all that was staged of ${each.collection} is there: somebody dropped it`);
    shares.push({ each, target, model: modelOf(target), staged });
  }
  return shares;
}

export const partOf = ({ model, staged }: Share): WindowPart => ({ model, changes: changesOf(staged) });

/** Room for what will be there of these documents right before. */
export async function makeInverse(
  destination: Destination,
  share: Share,
  options: WriteOptions & { readonly generation: number },
): Promise<Share> {
  const { each } = share;
  const place = { ...options, place: each.place, target: each.target, validates: false };
  const before = await makeKept(destination, { ...place, kind: 'before' });
  const came = await makeKept(destination, { ...place, kind: 'came' });
  return { ...share, each: { ...each, kept: { ...each.kept, before, came } } };
}

interface Inverse {
  readonly before: readonly Uint8Array[];
  readonly came: readonly Uint8Array[];
  readonly counts: Pick<JournalCollection, 'inserted' | 'updated' | 'left'>;
}

interface InSession {
  readonly session: ClientSession;
  readonly signal: AbortSignal;
}

/** Keeps it, in the transaction that changes it: the moment is the same. Returns what the journal then has. */
export async function keepInverse(
  { deployment }: Destination,
  share: Share,
  { session, signal }: InSession,
): Promise<JournalCollection> {
  const { each, model } = share;
  const { before, came, counts } = await inverseOf({ deployment }, share, { session, signal });
  const into = (name: string | undefined) => ({
    deployment,
    model: { ...model, collection: name ?? '' },
    session,
    signal,
  });
  const keyed = (documents: readonly Uint8Array[]) => documents.map((document) => ({ key: '', document }));
  await insert(into(each.kept.before?.name), keyed(before));
  await insert(into(each.kept.came?.name), keyed(came));
  return { ...each, ...counts };
}

async function inverseOf(
  { deployment }: Pick<Destination, 'deployment'>,
  { model, staged: { rows, leaves } }: Share,
  { session, signal }: InSession,
): Promise<Inverse> {
  const { collection, scope, counted } = model;
  const request = { collection, session, signal };
  const stored = await documentsByKey(deployment, { ...request, keys: [...rows.keys()] });
  const ours =
    scope === null
      ? stored
      : await documentsByKey(deployment, { ...request, keys: [...rows.keys()], filter: scope });
  const gone =
    model.plan.leaving.kind === 'keep'
      ? new Map<Key, Uint8Array>()
      : await documentsByKey(deployment, { ...request, keys: leaves, filter: counted });
  const changed = [...ours].flatMap(([key, document]) => {
    const row = rows.get(key);
    return row === undefined || sameBytes(row, document) ? [] : [document];
  });
  const came = [...rows].flatMap(([key, row]) => (stored.has(key) ? [] : [documentOf([idElement(row)])]));
  return {
    before: [...changed, ...gone.values()],
    came,
    counts: { inserted: came.length, updated: changed.length, left: gone.size },
  };
}
