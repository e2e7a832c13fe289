import type { Change } from '../../../../protocol/change.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Key } from '../../../../protocol/names.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import { idElement } from '../../bson/elements.ts';
import { onlyIds } from '../../reader/documents.ts';
import { bringInFields } from '../form/bring-in-fields.ts';
import type { Fields } from '../form/field-form.ts';
import { toFieldWrite } from '../form/plan-fields.ts';
import { recordOwned } from '../owned/record-owned.ts';
import { readFacts } from '../window/read-facts.ts';
import { whoGivesUp } from '../window/unique-fields.ts';
import { documentOfRow } from './batches.ts';
import { bringIn, insert, type KeyedDocument } from './bring-in.ts';
import { deletion, givenUpdate } from './statements.ts';
import { type BringIn, write } from './write.ts';

type Leave = Change & { readonly kind: 'leave' };

/** Leavings first: they free unique values. In the session's transaction; one outcome each, in the order of the changes. */
export async function applyChanges(into: BringIn, changes: readonly Change[]): Promise<readonly Outcome[]> {
  const outcomes = new Map<Change, Outcome>();
  const leaves = changes.filter((change): change is Leave => change.kind === 'leave');
  const left = await leave(
    into,
    leaves.map(({ key }) => key),
  );
  for (const change of leaves) outcomes.set(change, left.get(change.key) ?? unchanged);
  const upserts = changes.filter((change) => change.kind !== 'leave');
  const written = await writeAll(into, upserts);
  for (const [index, change] of upserts.entries())
    outcomes.set(change, written[index] ?? { kind: 'unchanged' });
  return changes.map((change) => outcomes.get(change) ?? { kind: 'unchanged' });
}

function writeAll(into: BringIn, writes: readonly Exclude<Change, Leave>[]): Promise<readonly Outcome[]> {
  const { model } = into;
  const { fields } = model.form;
  if (fields === null) return bringIn(into, writes.map(toKeyed(into)));
  const all = writes.map((change) => toFieldWrite(model, change));
  return bringInFields(into, fields, { writes: all, givesUp: () => false });
}

/**
 * Changes that block each other: what is replaced goes first, all of it, and comes back. No document can refer to another here, so
 * nothing is lost by that; who watches the target sees deletes and inserts.
 */
export async function applyTogether(into: BringIn, changes: readonly Change[]): Promise<readonly Outcome[]> {
  const { deployment, model, session, signal } = into;
  if (model.form.fields !== null) return fieldsTogether(into, model.form.fields, changes);
  const upserts = changes.filter((change) => change.kind !== 'leave');
  const facts = await readFacts(deployment, { model, changes: upserts }, { session, signal });
  const isOurs = (key: Key): boolean => facts.within?.has(key) ?? true;
  const stored = new Map([...facts.stored].filter(([key]) => isOurs(key)));
  const isClash = (key: Key): boolean => facts.stored.has(key) && !stored.has(key);
  const documents = upserts.map(toKeyed(into)).filter(({ key }) => !isClash(key));
  await write(
    into,
    'delete',
    [...stored.values()].map((document) => deletion(idElement(document))),
  );
  const leaves = changes.filter((change) => change.kind === 'leave');
  const left = await leave(
    into,
    leaves.map(({ key }) => key),
  );
  await insert(into, documents);
  const outcomes = changes.map(({ kind, key }): Outcome => {
    if (kind === 'leave') return left.get(key) ?? unchanged;
    if (isClash(key)) return { kind: 'clash' };
    return { kind: stored.has(key) ? 'updated' : 'inserted' };
  });
  const keys = changes.map(({ key }) => key);
  await recordOwned(deployment, model, { keys, outcomes, adopted: facts.adopted, session });
  return outcomes;
}

/** Unique values are set aside where they are, as what else a document has must stay. */
async function fieldsTogether(
  into: BringIn,
  fields: Fields,
  changes: readonly Change[],
): Promise<readonly Outcome[]> {
  const { deployment, model, signal } = into;
  const leaves = changes.filter((change) => change.kind === 'leave').map(({ key }) => key);
  const left = await leave(into, leaves);
  const upserts = changes.filter((change) => change.kind !== 'leave');
  const writes = upserts.map((change) => toFieldWrite(model, change));
  const givesUp = await whoGivesUp(deployment, model, { signal });
  const written = await bringInFields(into, fields, { writes, givesUp });
  const outcomes = new Map(upserts.map(({ key }, index) => [key, written[index]]));
  return changes.map(({ key }) => outcomes.get(key) ?? left.get(key) ?? unchanged);
}

/** What becomes of keys that leave. */
async function leave(into: BringIn, keys: readonly Key[]): Promise<ReadonlyMap<Key, Outcome>> {
  const { deployment, model, session, signal } = into;
  if (keys.length === 0 || model.plan.leaving.kind === 'keep') return new Map();
  const changes = keys.map((key) => ({ key, kind: 'leave' as const }));
  const facts = await readFacts(deployment, { model, changes }, { projection: onlyIds, session, signal });
  const { stored, within, marked } = facts;
  const ours = keys.filter((key) => stored.has(key) && within?.has(key) !== false);
  const left = ours.filter((key) => !marked.has(key));
  const ids = left.flatMap((key) => stored.get(key) ?? []).map(idElement);
  const { mark } = model;
  if (mark === null) await write(into, 'delete', ids.map(deletion));
  else {
    const updates = ids.map((id) => givenUpdate(id, mark));
    await write(into, 'update', updates);
  }
  const outcomes = left.map(() => ({ kind: 'left' as const }));
  await recordOwned(deployment, model, { keys: left, outcomes, session });
  const clashing = keys.filter((key) => stored.has(key) && within?.has(key) === false);
  return new Map<Key, Outcome>([
    ...left.map((key) => [key, { kind: 'left' }] as const),
    ...clashing.map((key) => [key, { kind: 'clash' }] as const),
  ]);
}

const unchanged: Outcome = { kind: 'unchanged' };

/** A partial change names columns, and a document is one. */
const toKeyed =
  ({ model }: BringIn) =>
  (change: Exclude<Change, Leave>): KeyedDocument => {
    if (change.kind === 'patch') throw new LockstepError('row-missing', { collection: model.collection });
    return { key: change.key, document: documentOfRow(change.row) };
  };
