import { BSON, type ClientSession, type Document } from 'mongodb';
import type { Key } from '../../../../protocol/names.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import { ownedCollection } from '../../names.ts';
import type { Deployment } from '../../session/deployment.ts';
import type { TargetModel } from '../model.ts';
import { writeRaw } from '../write/raw-command.ts';
import { type Owned, ownedId } from './owned-keys.ts';

export interface Written {
  readonly keys: readonly Key[];
  /** One each. */
  readonly outcomes: readonly Outcome[];
  /** Documents of others that became ours. */
  readonly adopted?: ReadonlySet<Key>;
  readonly session: ClientSession;
}

/** Notes which documents are ours now and which no longer, in the transaction that wrote them. */
export async function recordOwned(
  deployment: Deployment,
  model: TargetModel,
  { keys, outcomes, adopted = new Set(), session }: Written,
): Promise<void> {
  const { owned, mark } = model;
  if (owned === null) return;
  const isOf = (kind: Outcome['kind'], key: Key, index: number): boolean =>
    outcomes[index]?.kind === kind || (kind === 'inserted' && adopted.has(key));
  const made = keys.filter((key, index) => isOf('inserted', key, index));
  const gone = mark === null ? keys.filter((key, index) => isOf('left', key, index)) : [];
  const ids = (some: readonly Key[]): readonly Document[] => idsOf(model, owned, some);
  // One that somebody deleted may be noted already.
  const notes = ids(made).map((_id) => ({ q: { _id }, u: { _id }, upsert: true }));
  await send(deployment, 'update', { documents: notes, session });
  await send(deployment, 'delete', {
    documents: ids(gone).map((_id) => ({ q: { _id }, limit: 1 })),
    session,
  });
}

const idsOf = ({ form, collection }: TargetModel, owned: Owned, keys: readonly Key[]): readonly Document[] =>
  keys.flatMap((key) => form.ids.idsOf(key).map((id) => ownedId(owned, collection, id)));

const fields = { update: 'updates', delete: 'deletes' } as const;

async function send(
  deployment: Deployment,
  verb: keyof typeof fields,
  { documents, session }: { readonly documents: readonly Document[]; readonly session: ClientSession },
): Promise<void> {
  if (documents.length === 0) return;
  const command = { [verb]: ownedCollection(deployment.config), ordered: true };
  const bytes = documents.map((document) => BSON.serialize(document));
  await writeRaw(deployment, { command, field: fields[verb], documents: bytes, session });
}
