import type { JsonDocument, MongodbDatabase } from '../../../index.ts';
import type { Placement } from '../mapping/ids.ts';
import { binaryOf, isUuid, textOfBinary } from '../mapping/uuid.ts';
import { batches } from './batches.ts';
import { idsAtSource, type Source } from './source.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

const writeConcern = { w: 'majority' };

/**
 * Users that the earlier program wrote have ids that are text, so that FeatBit never found them. Those whose user exists get the id that they
 * should have, with all else that they hold but the password: that was one and the same for all, and known. A repeat goes on where it was left.
 */
export async function correctTextIds(
  featbit: MongodbDatabase,
  source: Source,
  options: SignalOption,
): Promise<number> {
  const filter = { bitsaccoUser: true, _id: { $type: 'string' } };
  let corrected = 0;
  for await (const found of batches(
    featbit.documents({ find: 'Users', filter, projection: { _id: 1 } }, options),
  )) {
    const texts = found.map(({ _id: text }) => String(text)).filter(isUuid);
    const known = await idsAtSource(source, texts, options);
    const some = texts.filter((text) => known.has(text));
    if (some.length === 0) continue;
    await featbit.command({ ...correction(some), cursor: {}, writeConcern }, options);
    await featbit.command(removal('Users', some), options);
    corrected += some.length;
  }
  return corrected;
}

/** Makes copies with other ids. Done by the server, so that no type of what else they hold is lost. One that is there already is left alone. */
const correction = (texts: readonly string[]): JsonDocument => ({
  aggregate: 'Users',
  pipeline: [
    { $match: { _id: { $in: [...texts] } } },
    {
      $set: {
        _id: { $arrayElemAt: [{ $literal: texts.map(binaryOf) }, { $indexOfArray: [[...texts], '$_id'] }] },
        password: '',
      },
    },
    { $merge: { into: 'Users', whenMatched: 'keepExisting', whenNotMatched: 'insert' } },
  ],
});

/**
 * Those whose id is right already are taken over as they are, and their password goes here. Once: a link says that they are ours, and that what
 * password they have is FeatBit's. Done before the link is made, so that a repeat finds those that are left.
 */
export async function takeKnownPasswords(
  featbit: MongodbDatabase,
  source: Source,
  options: SignalOption,
): Promise<number> {
  let taken = 0;
  const command = { aggregate: 'Users', pipeline: withKnownPassword, cursor: {} };
  for await (const found of batches(featbit.documents(command, options))) {
    const ids = found.map(({ _id: id }) => textOfBinary(id)).filter((id) => id !== null);
    const known = [...(await idsAtSource(source, ids, options))].map(binaryOf);
    const updates = [{ q: { _id: { $in: known } }, u: { $set: { password: '' } }, multi: true }];
    await featbit.command({ update: 'Users', updates, writeConcern }, options);
    taken += known.length;
  }
  return taken;
}

const withKnownPassword: JsonDocument[] = [
  {
    $match: {
      bitsaccoUser: true,
      lockstep: { $exists: false },
      _id: { $type: 'binData' },
      password: { $nin: ['', null] },
    },
  },
  {
    $lookup: {
      from: 'lockstep_featbit_users',
      localField: '_id',
      foreignField: 'userId',
      pipeline: [{ $project: { _id: 1 } }],
      as: 'links',
    },
  },
  { $match: { links: [] } },
  { $project: { _id: 1 } },
];

/**
 * FeatBit's own migration to 5.4.0 makes memberships of workspaces for our users too, with ids of its choice; a user can have but one. They go,
 * and the engine makes ours. Only those of users that we made.
 */
export async function replaceMigratedMemberships(
  featbit: MongodbDatabase,
  placement: Placement,
  options: SignalOption,
): Promise<number> {
  if (!placement.hasMembers || !placement.hasWorkspaceUsers) return 0;
  let replaced = 0;
  const command = { aggregate: 'WorkspaceUsers', pipeline: ofOurUsers(placement), cursor: {} };
  for await (const found of batches(featbit.documents(command, options))) {
    const strange = found.map(({ _id: id }) => id ?? null);
    await featbit.command(removal('WorkspaceUsers', strange), options);
    replaced += strange.length;
  }
  return replaced;
}

const ofOurUsers = ({ workspaceId }: Placement): JsonDocument[] => [
  { $match: { workspaceId: binaryOf(workspaceId), lockstep: { $ne: true } } },
  {
    $lookup: {
      from: 'lockstep_featbit_users',
      localField: 'userId',
      foreignField: 'userId',
      pipeline: [{ $project: { _id: 1 } }],
      as: 'links',
    },
  },
  { $match: { 'links.0': { $exists: true } } },
  { $project: { _id: 1 } },
];

const removal = (collection: string, ids: readonly JsonDocument[string][]): JsonDocument => ({
  delete: collection,
  deletes: [{ q: { _id: { $in: [...ids] } }, limit: 0 }],
  writeConcern,
});
