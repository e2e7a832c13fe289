import type { ClientSession, Document } from 'mongodb';
import type { Change } from '../../../../protocol/change.ts';
import type { Key } from '../../../../protocol/names.ts';
import { documentsByKey } from '../../reader/by-key.ts';
import { onlyIds } from '../../reader/documents.ts';
import type { Deployment } from '../../session/deployment.ts';
import { adoptable, oursAmong } from '../owned/owned-keys.ts';
import type { PartFacts } from './part-plan.ts';
import type { WindowPart } from './window-part.ts';

export interface FactsRequest {
  readonly signal: AbortSignal;
  /** A transaction's; without one a majority is asked. */
  readonly session?: ClientSession;
  /** What is wanted of a document; absent: what it is compared by. */
  readonly projection?: Document;
}

/** What the target has of the keys of a part. */
export async function readFacts(
  deployment: Deployment,
  { model, changes }: Pick<WindowPart, 'model'> & { readonly changes: readonly KeyedKind[] },
  { projection, ...options }: FactsRequest,
): Promise<PartFacts> {
  const { collection, counted, form } = model;
  const { ids } = form;
  const keys = changes.map(keyOf);
  const wanted = { collection, keys, ids, projection: projection ?? form.projection };
  const stored = await documentsByKey(deployment, { ...options, ...wanted });
  const among = async (filter: Document): Promise<ReadonlySet<Key>> => {
    const request = { ...options, collection, keys: [...stored.keys()], filter, ids, projection: onlyIds };
    return new Set((await documentsByKey(deployment, request)).keys());
  };
  const known = await oursAmong(deployment, model, { ...options, stored: stored.values() });
  const strangers = known === null ? [] : changes.filter(({ key }) => stored.has(key) && !known.has(key));
  const adopted = await adoptable(deployment, model, {
    ...options,
    keys: strangers.filter(comes).map(keyOf),
  });
  const within = known === null ? null : known.union(adopted);
  const ours = within ?? new Set(stored.keys());
  const marked = model.mark === null ? none : ours.difference(await among(counted));
  return { stored, within, marked, adopted };
}

const none: ReadonlySet<Key> = new Set();

type KeyedKind = Pick<Change, 'key' | 'kind'>;

const keyOf = ({ key }: KeyedKind): Key => key;

/** A key that leaves was never ours: its document stays a stranger's. */
const comes = ({ kind }: KeyedKind): boolean => kind !== 'leave';
