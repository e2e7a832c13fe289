import type { Document } from 'mongodb';
import { ownedCollection } from '../../names.ts';
import type { Deployment } from '../../session/deployment.ts';
import type { TargetModel } from '../model.ts';
import { type Owned, ownedRange } from './owned-keys.ts';

/** How many documents that are ours are there, and not marked as gone. */
export async function countOwned(
  deployment: Deployment,
  { collection, counted }: TargetModel,
  { owned, signal }: { readonly owned: Owned; readonly signal: AbortSignal },
): Promise<number> {
  const there = [{ $match: counted }, { $project: { _id: 1 } }];
  const stages = [
    { $match: ownedRange(owned, collection) },
    {
      $lookup: { from: collection, localField: '_id.id', foreignField: '_id', pipeline: there, as: 'there' },
    },
    { $match: { there: { $ne: [] } } },
    { $count: 'rows' },
  ];
  const [found] = await deployment.run({ signal, collection }, (db) =>
    db
      .collection(ownedCollection(deployment.config))
      .aggregate<Document>(stages, { readConcern: { level: 'majority' }, signal })
      .toArray(),
  );
  return Number(found?.['rows'] ?? 0);
}
