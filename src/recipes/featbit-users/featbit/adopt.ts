import type { JsonDocument, MongodbDatabase } from '../../../index.ts';
import type { Placement } from '../mapping/ids.ts';
import { binaryOf, isUuid, textOfBinary } from '../mapping/uuid.ts';
import { batches } from './batches.ts';
import { idsAtSource, type Source } from './source.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

const writeConcern = { w: 'majority' };

export interface Adopted {
  readonly corrected: number;
  readonly passwordsTaken: number;
}

/**
 * Makes ready what the earlier program wrote, so that the engine can take it over. Before every start and every pass, and again and again
 * while the service runs, as a user may come to Bitsacco whom that program knew. A repeat finds nothing to do.
 */
export async function adoptFormer(
  featbit: MongodbDatabase,
  source: Source,
  options: SignalOption,
): Promise<Adopted> {
  await noteFormer(featbit, options);
  const corrected = await correctTextIds(featbit, source, options);
  return { corrected, passwordsTaken: await takeKnownPasswords(featbit, source, options) };
}

/**
 * Notes in our own collection which users the earlier program made, whether Bitsacco has them or not: once the engine has taken one over, its
 * document tells that no more.
 */
async function noteFormer(featbit: MongodbDatabase, options: SignalOption): Promise<void> {
  const command = { aggregate: 'Users', pipeline: marked, cursor: {} };
  for await (const found of batches(featbit.documents(command, options))) {
    const ids = found.map(({ _id: id }) => textOfBinary(id)).filter((id) => id !== null);
    const noted = await formerAmong(featbit, ids, options);
    const others = ids.filter((id) => !noted.has(id));
    await note(featbit, { of: others, as: { former: true } }, options);
  }
}

/** Which of these ids, in lower case, are of users that the earlier program made. */
export async function formerAmong(
  featbit: MongodbDatabase,
  ids: readonly string[],
  options: SignalOption,
): Promise<ReadonlySet<string>> {
  const noted = new Set<string>();
  const filter = { _id: { $in: [...ids] }, former: true };
  const command = { find: 'lockstep_featbit_users', filter, projection: { _id: 1 } };
  for await (const { _id: id } of featbit.documents(command, options)) noted.add(String(id));
  return noted;
}

async function note(
  featbit: MongodbDatabase,
  { of: ids, as: $set }: { readonly of: readonly string[]; readonly as: JsonDocument },
  options: SignalOption,
): Promise<void> {
  if (ids.length === 0) return;
  const updates = ids.map((_id) => ({ q: { _id }, u: { $set }, upsert: true }));
  await featbit.command({ update: 'lockstep_featbit_users', updates, writeConcern }, options);
}

/**
 * Users that the earlier program wrote have ids that are text, so that FeatBit never found them. Those whose user exists get the id that they
 * should have, with all else that they hold but the password: that was one and the same for all, and known. A repeat goes on where it was left.
 */
async function correctTextIds(
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
    const ids = some.map((text) => text.toLowerCase());
    await note(featbit, { of: ids, as: { former: true, passwordTaken: true } }, options);
    await featbit.command({ ...correction(some), cursor: {}, writeConcern }, options);
    await featbit.command(removal('Users', some), options);
    corrected += some.length;
  }
  return corrected;
}

/**
 * Makes copies with other ids. Done by the server, so that no type of what else they hold is lost. One of ours that is there already, as the
 * engine was first, gets what it lacks; of one that the earlier program made too the password goes, and one of somebody else is left alone.
 */
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
    { $merge: { into: 'Users', whenMatched: completed, whenNotMatched: 'insert' } },
  ],
});

const withoutKnownPassword: JsonDocument = {
  $cond: [{ $eq: ['$bitsaccoUser', true] }, { $mergeObjects: ['$$ROOT', { password: '' }] }, '$$ROOT'],
};

const completed: JsonDocument[] = [
  {
    $replaceWith: {
      $cond: [{ $eq: ['$lockstep', true] }, { $mergeObjects: ['$$new', '$$ROOT'] }, withoutKnownPassword],
    },
  },
];

/**
 * Those whose id is right already are taken over as they are, and their password goes here, as soon as Bitsacco has them. Once, which is noted:
 * what password they have afterwards is FeatBit's.
 */
async function takeKnownPasswords(
  featbit: MongodbDatabase,
  source: Source,
  options: SignalOption,
): Promise<number> {
  let taken = 0;
  const filter = { former: true, passwordTaken: { $ne: true } };
  const command = { find: 'lockstep_featbit_users', filter, projection: { _id: 1 } };
  for await (const found of batches(featbit.documents(command, options))) {
    const ids = found.map(({ _id: id }) => String(id));
    const known = await markedAmong(featbit, [...(await idsAtSource(source, ids, options))], options);
    if (known.length === 0) continue;
    const updates = [
      { q: { _id: { $in: known.map(binaryOf) } }, u: { $set: { password: '' } }, multi: true },
    ];
    const { nModified } = await featbit.command({ update: 'Users', updates, writeConcern }, options);
    await note(featbit, { of: known, as: { passwordTaken: true } }, options);
    taken += Number(nModified);
  }
  return taken;
}

/** Without a mark FeatBit has written a user anew, who is left out: what password he has may be his own. */
async function markedAmong(
  featbit: MongodbDatabase,
  ids: readonly string[],
  options: SignalOption,
): Promise<readonly string[]> {
  const hasMark = { $or: [{ bitsaccoUser: true }, { lockstep: { $exists: true } }] };
  const filter = { _id: { $in: ids.map(binaryOf) }, ...hasMark };
  const found: string[] = [];
  for await (const { _id: id } of featbit.documents(
    { find: 'Users', filter, projection: { _id: 1 } },
    options,
  ))
    found.push(...[textOfBinary(id)].filter((text) => text !== null));
  return found;
}

/** By the earlier program, and never by us: FeatBit's writing takes our mark, and that program's too. */
const marked: JsonDocument[] = [
  { $match: { bitsaccoUser: true, lockstep: { $exists: false }, _id: { $type: 'binData' } } },
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
