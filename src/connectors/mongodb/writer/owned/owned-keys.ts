import { BSON, type ClientSession, type Document } from 'mongodb';
import type { Key } from '../../../../protocol/names.ts';
import { idElement } from '../../bson/elements.ts';
import { decodeValue } from '../../bson/id-value.ts';
import type { Element } from '../../bson/layout.ts';
import { elementAt } from '../../fields/paths.ts';
import { ownedCollection } from '../../names.ts';
import { documentsByKey } from '../../reader/by-key.ts';
import { onlyIds, readDocuments } from '../../reader/documents.ts';
import type { Deployment } from '../../session/deployment.ts';
import type { TargetModel } from '../model.ts';

/**
 * Ids of documents that a pipeline wrote, where others write into the same collection. They lie in a collection of ours, one document each
 * (`_id: { pipeline, target, id }`), and are written in the transaction that writes the document itself.
 */
export interface Owned {
  readonly pipeline: string;
  /** A query: documents of others for which it is true become ours when their key comes; null: none do. */
  readonly adopt: Document | null;
}

export const ownedId = ({ pipeline }: Owned, target: string, id: unknown): Document => ({
  pipeline,
  target,
  id,
});

/** All of a target. */
export const ownedRange = (owned: Owned, target: string): Document => ({
  _id: {
    $gt: ownedId(owned, target, new BSON.MinKey()),
    $lt: ownedId(owned, target, new BSON.MaxKey()),
  },
});

export interface OwnedRequest {
  readonly signal: AbortSignal;
  /** A transaction's; without one a majority is asked. */
  readonly session?: ClientSession;
}

/** Which of some stored documents are ours; null: all are. */
export async function oursAmong(
  deployment: Deployment,
  model: TargetModel,
  { stored, ...options }: OwnedRequest & { readonly stored: Iterable<Uint8Array> },
): Promise<ReadonlySet<Key> | null> {
  const { owned, scope, collection, form } = model;
  if (owned === null && scope === null) return null;
  const documents = [...stored];
  const keys = documents.map((document) => form.ids.keyOf(idElement(document)));
  if (owned === null) return withinFilter(deployment, model, { ...options, keys });
  const wanted = documents.map((document) => ownedId(owned, collection, decodeValue(idElement(document))));
  const ours = new Set<Key>();
  if (wanted.length === 0) return ours;
  const request = { collection: ownedCollection(deployment.config), filter: { _id: { $in: wanted } } };
  for await (const found of readDocuments(deployment, { ...request, ...options }))
    for (const document of found) ours.add(form.ids.keyOf(idIn(document)));
  return ours;
}

function idIn(document: Uint8Array): Element {
  const id = elementAt(document, '_id.id');
  if (id === undefined) throw new TypeError('an owned key without id');
  return { ...id, name: '_id' };
}

async function withinFilter(
  deployment: Deployment,
  { scope, collection, form }: TargetModel,
  options: OwnedRequest & { readonly keys: readonly Key[] },
): Promise<ReadonlySet<Key>> {
  const request = { ...options, collection, ids: form.ids, filter: scope ?? {}, projection: onlyIds };
  return new Set((await documentsByKey(deployment, request)).keys());
}

/** Of some keys those whose documents become ours now, as the configuration says. */
export async function adoptable(
  deployment: Deployment,
  { owned, collection, form }: TargetModel,
  { keys, ...options }: OwnedRequest & { readonly keys: readonly Key[] },
): Promise<ReadonlySet<Key>> {
  if (owned === null || owned.adopt === null || keys.length === 0) return new Set();
  const request = { collection, keys, ids: form.ids, filter: owned.adopt, projection: onlyIds };
  return new Set((await documentsByKey(deployment, { ...request, ...options })).keys());
}
