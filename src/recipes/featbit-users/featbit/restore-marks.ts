import type { JsonDocument, MongodbDatabase } from '../../../index.ts';
import type { Placement } from '../mapping/ids.ts';
import { batches } from './batches.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/**
 * FeatBit writes users and end users as a whole, without fields that it does not know. Those that have a link are ours all the same. Returns how
 * many of them are gone at the source, which was not seen while they had no mark.
 */
export async function restoreMarks(
  featbit: MongodbDatabase,
  { hasMembers, environmentId }: Pick<Placement, 'hasMembers' | 'environmentId'>,
  options: SignalOption,
): Promise<RestoredMarks> {
  const members = hasMembers ? await restoreMarksIn(featbit, 'Users', options) : none;
  const endUsers = environmentId === null ? none : await restoreMarksIn(featbit, 'EndUsers', options);
  return { restored: members.restored + endUsers.restored, gone: members.gone + endUsers.gone };
}

export interface RestoredMarks {
  readonly restored: number;
  readonly gone: number;
}

const none: RestoredMarks = { restored: 0, gone: 0 };

async function restoreMarksIn(
  featbit: MongodbDatabase,
  collection: 'Users' | 'EndUsers',
  options: SignalOption,
): Promise<RestoredMarks> {
  const counts = { restored: 0, gone: 0 };
  const lost = { aggregate: collection, pipeline: lostMarks(collection), cursor: {} };
  for await (const found of batches(featbit.documents(lost, options))) {
    const ids = found.map(({ _id: id }) => id ?? null);
    const updates = [{ q: { _id: { $in: ids } }, u: { $set: marks[collection] }, multi: true }];
    await featbit.command({ update: collection, updates, writeConcern: { w: 'majority' } }, options);
    counts.restored += ids.length;
    counts.gone += found.filter(({ isGone }) => isGone === true).length;
  }
  return counts;
}

const marks = { Users: { lockstep: true, bitsaccoUser: true }, EndUsers: { lockstep: true } } as const;
const linkedBy = { Users: 'userId', EndUsers: 'endUserId' } as const;

const lostMarks = (collection: 'Users' | 'EndUsers'): JsonDocument[] => [
  { $match: { lockstep: { $ne: true }, deleted: { $ne: true } } },
  {
    $lookup: {
      from: 'lockstep_featbit_users',
      localField: '_id',
      foreignField: linkedBy[collection],
      pipeline: [{ $project: { deleted: 1 } }],
      as: 'links',
    },
  },
  { $match: { 'links.0': { $exists: true } } },
  { $project: { isGone: { $eq: [{ $first: '$links.deleted' }, true] } } },
];
