import { BSON, type Document } from 'mongodb';
import type { CollectionName } from '../../../../protocol/names.ts';
import { keepingTypes } from '../../bson/id-value.ts';
import { timeAfter, timestampOf } from '../../cluster-time.ts';
import type { StreamPosition } from '../../position.ts';

/** MongoDB 6.0 tells more kinds of events, and rows as they were after an update where a collection keeps that. */
export const expandedFrom = 17;

export interface StagesRequest {
  readonly from: Pick<StreamPosition, 'time' | 'token'>;
  readonly wireVersion: number;
  /** Captured collections. */
  readonly names: readonly CollectionName[];
  /** Of these no document may leave the source. */
  readonly keysOnly: readonly CollectionName[];
}

/**
 * The change stream of a database, for the collections that are captured. `startAfter` takes every token, also the one that ends a stream
 * because the database was dropped.
 */
export function stages({ from, wireVersion, names, keysOnly }: StagesRequest): readonly Document[] {
  const ours = { $in: names };
  return [
    beginning({ from, wireVersion }),
    { $match: { $or: [{ 'ns.coll': ours }, { 'to.coll': ours }, { operationType: 'invalidate' }] } },
    ...(keysOnly.length === 0 ? [] : [withoutContent(names, keysOnly)]),
  ];
}

/** All events of the database, by nothing but their tokens. */
export const tokenStages = (request: Pick<StagesRequest, 'from' | 'wireVersion'>): readonly Document[] => [
  beginning(request),
  { $project: { _id: 1 } },
];

function beginning({ from, wireVersion }: Pick<StagesRequest, 'from' | 'wireVersion'>): Document {
  const place =
    from.token === null
      ? { startAtOperationTime: timestampOf(timeAfter(from.time)) }
      : { startAfter: BSON.deserialize(from.token, keepingTypes) };
  const further =
    wireVersion >= expandedFrom ? { showExpandedEvents: true, fullDocument: 'whenAvailable' } : {};
  return { $changeStream: { ...place, ...further } };
}

const contents = ['fullDocument', 'updateDescription'];

function withoutContent(names: readonly CollectionName[], keysOnly: readonly CollectionName[]): Document {
  if (keysOnly.length === names.length) return { $unset: contents };
  const isKept = { $not: { $in: ['$ns.coll', keysOnly] } };
  const kept = contents.map((field) => [field, { $cond: [isKept, `$${field}`, '$$REMOVE'] }] as const);
  return { $set: Object.fromEntries(kept) };
}
