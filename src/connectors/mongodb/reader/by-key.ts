import type { ClientSession, Document } from 'mongodb';
import type { Key } from '../../../protocol/names.ts';
import { idElement } from '../bson/elements.ts';
import type { ClusterTime } from '../cluster-time.ts';
import { type IdForm, plainIds } from '../fields/id-form.ts';
import { isSpelledAsBytes } from '../key.ts';
import { allOf } from '../query.ts';
import type { Deployment } from '../session/deployment.ts';
import { readDocuments } from './documents.ts';

export interface ByKeyRequest {
  readonly collection: string;
  readonly keys: readonly Key[];
  /** Only documents for which this is true as well. */
  readonly filter?: Document;
  /** At least what was committed by then is shown. */
  readonly after?: ClusterTime | null;
  /** What the server leaves of a document; null or absent: all of it. */
  readonly projection?: Document | null;
  /** How keys are spelled; absent: as the collection itself spells them. */
  readonly ids?: IdForm;
  /** Told of keys that more than one document has, of which the last that came is returned. */
  readonly repeated?: (key: Key) => void;
  /** Told of times: all that was read is at or before one of them. */
  readonly shown?: (time: ClusterTime) => void;
  readonly signal: AbortSignal;
  readonly session?: ClientSession;
}

/** The stored documents of some keys, by the spelling in which they were asked for. The server decides which ids are equal. */
export async function documentsByKey(
  deployment: Deployment,
  { keys, ids = plainIds, repeated, ...request }: ByKeyRequest,
): Promise<ReadonlyMap<Key, Uint8Array>> {
  const found = new Map<Key, Uint8Array>();
  const note = (key: Key, document: Uint8Array): void => {
    if (found.has(key)) repeated?.(key);
    found.set(key, document);
  };
  const plain = keys.filter((key) => !isSpelledAsBytes(key));
  for await (const document of ofKeys(deployment, { ...request, ids }, plain))
    note(ids.keyOf(idElement(document)), document);
  // One by one: what is found may be spelled otherwise. So it may be under a collation.
  const wanted = new Set(keys);
  const foundOthers = found.keys().some((key) => !wanted.has(key));
  const isOpen = (key: Key): boolean => isSpelledAsBytes(key) || (foundOthers && isText(key));
  for (const key of [...wanted].filter((key) => !found.has(key) && isOpen(key)))
    for await (const document of ofKeys(deployment, { ...request, ids }, [key])) note(key, document);
  return found;
}

const isText = (key: Key): boolean => key.startsWith('"') || key.startsWith('{') || key.startsWith('[');

async function* ofKeys(
  deployment: Deployment,
  { filter = {}, ids, ...request }: Omit<ByKeyRequest, 'keys' | 'ids'> & { readonly ids: IdForm },
  keys: readonly Key[],
): AsyncIterable<Uint8Array> {
  if (keys.length === 0) return;
  const wanted = { _id: { $in: keys.flatMap((key) => ids.idsOf(key)) } };
  const asked = { ...request, filter: allOf([wanted, isEmpty(filter) ? null : filter]) };
  for await (const documents of readDocuments(deployment, asked)) yield* documents;
}

const isEmpty = (filter: Document): boolean => Object.keys(filter).length === 0;
