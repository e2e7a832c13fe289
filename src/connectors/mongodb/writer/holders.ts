import { BSON, type Document } from 'mongodb';
import type { Row } from '../../../protocol/value.ts';
import type { Holder } from '../../../protocol/writer.ts';
import { idElement } from '../bson/elements.ts';
import { keepingTypes } from '../bson/id-value.ts';
import { uniqueIndexes } from '../catalog/unique-indexes.ts';
import { documentColumn } from '../names.ts';
import { onlyIds, readDocuments } from '../reader/documents.ts';
import type { Deployment } from '../session/deployment.ts';
import { present } from './compare.ts';
import type { TargetModel } from './model.ts';

/**
 * For each row the other documents that hold one of its unique values. Only a hint, for what may have to change places: values
 * within arrays are not looked for.
 */
export async function holders(
  deployment: Deployment,
  model: TargetModel,
  { rows, signal }: { readonly rows: readonly Row[]; readonly signal: AbortSignal },
): Promise<readonly (readonly Holder[])[]> {
  const unique = await uniqueIndexes(deployment, model.collection, { signal });
  const indexes = unique.filter((index) => columnsOf(model, pathsOf(index)) !== null);
  const found: (readonly Held[])[] = [];
  for (const row of rows)
    found.push(await holdersOf({ deployment, model, indexes, signal }, model.form.documentOf(row)));
  const ours = await present(deployment, model, {
    keys: [...new Set(found.flat().map(({ key }) => key))],
    signal,
  });
  return found.map((all) => all.map((held) => ({ ...held, isOurs: ours.has(held.key) })));
}

type Held = Pick<Holder, 'key' | 'columns'>;

/** The columns that an index is over. Null: it is over other fields too, of which a row does not say what it will hold. */
function columnsOf({ form }: TargetModel, paths: readonly string[]): readonly string[] | null {
  const { fields } = form;
  if (fields === null) return [documentColumn];
  const columns = paths.map((path) => fields.kept.find((kept) => isWithin(path, kept)));
  return columns.every((column) => column !== undefined) ? [...new Set(columns)] : null;
}

const isWithin = (path: string, whole: string): boolean => path === whole || path.startsWith(`${whole}.`);

interface Request {
  readonly deployment: Deployment;
  readonly model: TargetModel;
  /** As the server lists them. */
  readonly indexes: readonly Document[];
  readonly signal: AbortSignal;
}

async function holdersOf(
  { deployment, model, indexes, signal }: Request,
  document: Uint8Array,
): Promise<readonly Held[]> {
  const { ids } = model.form;
  const decoded = BSON.deserialize(model.form.storedOf(document), keepingTypes);
  const own = ids.keyOf(idElement(document));
  const held: Held[] = [];
  for (const index of indexes) {
    const filter = besides(index, decoded);
    if (filter === null) continue;
    const columns = columnsOf(model, pathsOf(index)) ?? [];
    const { collation = simple } = index;
    const request = { collection: model.collection, filter, collation, projection: onlyIds, signal };
    for await (const batch of readDocuments(deployment, request))
      for (const found of batch) held.push({ key: ids.keyOf(idElement(found)), columns });
  }
  return held.filter(({ key }) => key !== own);
}

/** What the server means by an index that names none, whatever the collection's own is. */
const simple: Document = { locale: 'simple' };

const pathsOf = ({ key }: Document): readonly string[] => Object.keys(key);

/** Which documents of an index have the values of this one. In the index's own terms, so that it answers. Null: this one is not in it. */
function besides(index: Document, document: Document): Document | null {
  const values = pathsOf(index).map((path) => [path, valueAt(document, path)] as const);
  const same = Object.fromEntries(values.map(([path, value]) => [path, { $eq: value ?? null }]));
  const partial: unknown = index['partialFilterExpression'];
  if (partial !== undefined) return { $and: [same, partial] };
  const [[first, only] = ['', undefined], ...others] = values;
  if (index['sparse'] !== true || values.some(([, value]) => (value ?? null) !== null)) return same;
  // A sparse one has no absent fields, and what `$eq: null` finds beyond it is most of the collection.
  return only === null && others.length === 0 ? { [first]: { $type: 'null' } } : null;
}

/** Undefined where there is nothing. */
function valueAt(document: Document, path: string): unknown {
  let value: unknown = document;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !(name in value)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}
