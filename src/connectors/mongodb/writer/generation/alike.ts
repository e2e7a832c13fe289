import { BSON, type ClientSession, type Document } from 'mongodb';
import { LockstepError, toLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import {
  collectionOf,
  describeCollection,
  type MongodbCollection,
} from '../../catalog/describe-collection.ts';
import type { Deployment } from '../../session/deployment.ts';
import type { Destination } from '../destination.ts';
import { indexesAlike, toCreation } from '../open/creation.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

const validation = ['validator', 'validationLevel', 'validationAction'];

/** All that a target was made with: its options and indexes. */
export async function looksOf(
  deployment: Deployment,
  collection: string,
  options: SignalOption,
): Promise<MongodbCollection | null> {
  const shape = await describeCollection(deployment, collection, options);
  return shape === null ? null : collectionOf(shape);
}

export interface AlikeRequest extends SignalOption {
  readonly name: string;
  readonly looks: MongodbCollection;
}

/**
 * An empty collection with the same options, in the session's transaction: so that no owner that was overtaken makes one. Without the
 * validator where a copy of what is there already is to come in: some of that may be older than the validator.
 */
export async function createAlike(
  { deployment }: Destination,
  {
    name,
    looks,
    session,
    validates,
  }: AlikeRequest & { readonly session: ClientSession; readonly validates: boolean },
): Promise<void> {
  const options = Object.entries(toCreation(looks.options));
  const kept = options.filter(([option]) => validates || !validation.includes(option));
  await deployment.db.command({ create: name, ...Object.fromEntries(kept) }, { session });
}

/** What an index can't take is the fault of a document: the collection comes in another way then. */
export async function buildIndexes(
  { deployment }: Destination,
  { name, looks, signal }: AlikeRequest,
): Promise<void> {
  reach('generation.index.before');
  if (looks.indexes.length > 0) {
    const command = { ...indexesAlike(name, looks), writeConcern: { w: 'majority' } };
    try {
      await deployment.run({ signal, collection: name }, (db) => db.command(command, { signal }));
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (error.code !== 'internal') throw error;
      throw new LockstepError('value-refused', { collection: name, detail: error.message }, { cause: error });
    }
  }
  reach('generation.index.after');
}

export async function setValidator(
  { deployment }: Destination,
  { name, looks, signal }: AlikeRequest,
): Promise<void> {
  const kept = Object.entries(looks.options).filter(([option]) => validation.includes(option));
  if (kept.length === 0) return;
  const command = { collMod: name, ...Object.fromEntries(kept), writeConcern: { w: 'majority' } };
  await deployment.run({ signal, collection: name }, (db) => db.command(command, { signal }));
}

/**
 * Proved by the catalogue: what we did not know how to make alike, and what somebody has changed since, keeps it from taking the target's
 * place.
 */
export async function requireAlike(
  { deployment }: Destination,
  { name, target, signal }: SignalOption & { readonly name: string; readonly target: string },
): Promise<void> {
  const [made, wanted] = [
    await looksOf(deployment, name, { signal }),
    await looksOf(deployment, target, { signal }),
  ];
  if (made === null || wanted === null) return;
  const reasons = differences(made, wanted);
  if (reasons.length > 0)
    throw new LockstepError('swap-refused', { collection: target, detail: reasons.join('; ') });
}

function differences(made: MongodbCollection, wanted: MongodbCollection): readonly string[] {
  const [here, there] = [partsOf(made), partsOf(wanted)];
  const names = new Set([...here.keys(), ...there.keys()]);
  return [...names]
    .filter((name) => here.get(name) !== there.get(name))
    .map((name) => `${name} is not alike`);
}

const partsOf = ({ options, indexes }: MongodbCollection): ReadonlyMap<string, string> =>
  new Map([
    ...Object.entries(options).map(([name, value]) => [`the option ${name}`, spelled({ value })] as const),
    ...indexes.map((index) => [`the index ${String(index['name'])}`, spelled(sorted(index))] as const),
  ]);

const spelled = (document: Document): string => BSON.EJSON.stringify(document, { relaxed: false });

/** Servers tell the parts of an index in the order in which they were given. The order within its key counts. */
const sorted = (index: Document): Document =>
  Object.fromEntries(Object.entries(index).toSorted(([a], [b]) => (a < b ? -1 : 1)));
