import type { StoredForm } from '../../../protocol/chunk.ts';
import type { Key } from '../../../protocol/names.ts';
import type { Partition } from '../../../protocol/partition.ts';
import type { Row } from '../../../protocol/value.ts';
import { idElement } from '../bson/elements.ts';
import { sameBytes } from '../bson/layout.ts';
import { allOf } from '../query.ts';
import { rangeOf } from '../range.ts';
import { documentsByKey } from '../reader/by-key.ts';
import { onlyIds, readDocuments } from '../reader/documents.ts';
import type { Deployment } from '../session/deployment.ts';
import type { TargetModel } from './model.ts';
import { countOwned } from './owned/count-owned.ts';
import { adoptable, oursAmong } from './owned/owned-keys.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

export async function* readStoredForms(
  deployment: Deployment,
  model: TargetModel,
  { partition, signal }: SignalOption & { readonly partition: Partition },
): AsyncIterable<readonly StoredForm[]> {
  const { collection, counted, form } = model;
  const { projection, ids } = form;
  const filter = allOf([rangeOf(partition), counted]);
  for await (const documents of readDocuments(deployment, { collection, filter, projection, signal })) {
    // The filter has the scope, if it is one.
    const ours =
      model.owned === null ? null : await oursAmong(deployment, model, { stored: documents, signal });
    const forms = documents.map((document) => ({
      key: ids.keyOf(idElement(document)),
      bytes: form.comparedOfStored(document),
    }));
    yield forms.filter(({ key }) => ours?.has(key) ?? true);
  }
}

/** Which of these keys are there, within scope and not marked. */
export async function present(
  deployment: Deployment,
  model: TargetModel,
  { keys, signal }: SignalOption & { readonly keys: readonly Key[] },
): Promise<ReadonlySet<Key>> {
  const { collection, counted, form } = model;
  const request = { collection, keys, filter: counted, ids: form.ids, projection: onlyIds, signal };
  const found = await documentsByKey(deployment, request);
  const ours =
    model.owned === null ? null : await oursAmong(deployment, model, { stored: found.values(), signal });
  return new Set(keys.filter((key) => found.has(key) && (ours?.has(key) ?? true)));
}

export type Judgement = 'same' | 'different' | 'missing' | 'clash';

/** Byte by byte: of fields that are not ours nothing is looked at. */
export async function judge(
  deployment: Deployment,
  model: TargetModel,
  { rows, signal }: SignalOption & { readonly rows: readonly Row[] },
): Promise<readonly Judgement[]> {
  const { collection, counted, form } = model;
  const documents = rows.map((row) => form.documentOf(row));
  const keys = documents.map((document) => form.ids.keyOf(idElement(document)));
  const request = { collection, keys, ids: form.ids, signal };
  const stored = await documentsByKey(deployment, { ...request, projection: form.projection });
  const ours = await documentsByKey(deployment, { ...request, filter: counted, projection: onlyIds });
  const known = await oursAmong(deployment, model, { stored: stored.values(), signal });
  const strangers = known === null ? [] : [...stored.keys()].filter((key) => !known.has(key));
  const adopted = await adoptable(deployment, model, { keys: strangers, signal });
  return documents.map((document, index) => {
    const key = keys[index] ?? '';
    const found = stored.get(key);
    // One that is to become ours has to be written, be it the same.
    if (adopted.has(key)) return 'different';
    if (found !== undefined && known?.has(key) === false) return 'clash';
    if (found === undefined || !ours.has(key)) return 'missing';
    return sameBytes(form.comparedOfStored(found), form.comparedOf(document)) ? 'same' : 'different';
  });
}

export function isEmpty(
  deployment: Deployment,
  { collection, scope }: TargetModel,
  { partition, signal }: SignalOption & { readonly partition: Partition },
): Promise<boolean> {
  const filter = allOf([rangeOf(partition), scope]);
  return deployment.run({ signal, collection }, async (db) => {
    const options = { projection: { _id: 1 }, readConcern: { level: 'majority' }, signal } as const;
    return (await db.collection(collection).findOne(filter, options)) === null;
  });
}

export const countRows = (
  deployment: Deployment,
  model: TargetModel,
  { signal }: SignalOption,
): Promise<number> => {
  const { collection, counted, owned } = model;
  if (owned !== null) return countOwned(deployment, model, { owned, signal });
  return deployment.run({ signal, collection }, (db) =>
    db.collection(collection).countDocuments(counted, { readConcern: { level: 'majority' }, signal }),
  );
};
