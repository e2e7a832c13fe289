import { keyRepeated } from '../../../../protocol/key-repeated.ts';
import type { Key } from '../../../../protocol/names.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import { idElement } from '../../bson/elements.ts';
import { sameBytes } from '../../bson/layout.ts';
import { idColumn } from '../../names.ts';
import { documentsByKey } from '../../reader/by-key.ts';
import { bringInFields } from '../form/bring-in-fields.ts';
import { adoptable, oursAmong } from '../owned/owned-keys.ts';
import { recordOwned } from '../owned/record-owned.ts';
import { deletion, literalReplacement, needsLiteral, replacement } from './statements.ts';
import { type BringIn, write } from './write.ts';

export interface KeyedDocument {
  readonly key: Key;
  readonly document: Uint8Array;
}

/** Inserts and replaces what differs, within scope, in the session's transaction; one outcome each. A key at most once. */
export async function bringIn(
  into: BringIn,
  documents: readonly KeyedDocument[],
): Promise<readonly Outcome[]> {
  const { deployment, model, session, signal } = into;
  const { collection } = model;
  const { fields } = model.form;
  const keys = documents.map(({ key }) => key);
  refuseRepeated(collection, keys);
  if (fields !== null) {
    const writes = documents.map((each) => ({ ...each, kind: 'upsert' as const }));
    return bringInFields(into, fields, { writes, givesUp: () => false });
  }
  const request = { collection, keys, session, signal };
  const stored = await documentsByKey(deployment, request);
  const known = await oursAmong(deployment, model, { stored: stored.values(), session, signal });
  const strangers = known === null ? [] : [...stored.keys()].filter((key) => !known.has(key));
  const adopted = await adoptable(deployment, model, { keys: strangers, session, signal });
  const ours = known?.union(adopted) ?? null;
  const kinds = documents.map((each) => kindOf(each, { stored, ours }));
  const chosen = (kind: OutcomeKind): readonly KeyedDocument[] =>
    documents.filter((_, index) => kinds[index] === kind);
  await insert(into, chosen('inserted'));
  await replace(into, chosen('updated'), stored);
  const outcomes = kinds.map((kind) => ({ kind }));
  await recordOwned(deployment, model, { keys, outcomes, adopted, session });
  return outcomes;
}

function refuseRepeated(collection: string, keys: readonly Key[]): void {
  const seen = new Set<Key>();
  for (const key of keys) {
    if (seen.has(key)) throw keyRepeated(collection, [idColumn], key);
    seen.add(key);
  }
}

type OutcomeKind = 'inserted' | 'updated' | 'unchanged' | 'clash';

interface Stored {
  readonly stored: ReadonlyMap<Key, Uint8Array>;
  /** Null: all are. */
  readonly ours: ReadonlySet<Key> | null;
}

function kindOf({ key, document }: KeyedDocument, { stored, ours }: Stored): OutcomeKind {
  const found = stored.get(key);
  if (found === undefined) return 'inserted';
  if (ours?.has(key) === false) return 'clash';
  return sameBytes(found, document) ? 'unchanged' : 'updated';
}

export async function insert(into: BringIn, documents: readonly KeyedDocument[]): Promise<void> {
  const all = documents.map(({ document }) => into.model.form.storedOf(document));
  await write(into, 'insert', all);
  await write(into, 'update', all.filter(needsLiteral).map(literalReplacement));
}

/** The type of an `_id` can't be changed in place: a document whose `_id` is equal and not the same goes and comes back. */
async function replace(
  into: BringIn,
  documents: readonly KeyedDocument[],
  stored: ReadonlyMap<Key, Uint8Array>,
): Promise<void> {
  const isInPlace = ({ key, document }: KeyedDocument): boolean => {
    const found = stored.get(key);
    if (found === undefined) return false;
    const [before, after] = [idElement(found), idElement(document)];
    return before.type === after.type && sameBytes(before.value, after.value);
  };
  const [inPlace, anew] = [documents.filter(isInPlace), documents.filter((each) => !isInPlace(each))];
  const update = ({ document }: KeyedDocument): Uint8Array =>
    needsLiteral(document) ? literalReplacement(document) : replacement(document);
  await write(into, 'update', inPlace.map(update));
  await write(
    into,
    'delete',
    anew.map(({ document }) => deletion(idElement(document))),
  );
  await insert(into, anew);
}
