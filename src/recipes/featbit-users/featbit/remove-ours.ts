import {
  isLockstepError,
  type Json,
  type JsonDocument,
  type MongodbDatabase,
  toError,
} from '../../../index.ts';
import type { TargetCollection } from '../mapping/documents.ts';
import { binaryOf, textOfBinary } from '../mapping/uuid.ts';
import { formerAmong } from './adopt.ts';
import { batches } from './batches.ts';
import { emailIndex } from './prepare.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

const collections = [
  'Users',
  'WorkspaceUsers',
  'OrganizationUsers',
  'MemberPolicies',
  'EndUsers',
] as const satisfies readonly TargetCollection[];

export interface Removed {
  /** Documents, by collection. */
  readonly removed: Readonly<Record<string, number>>;
  /** Users of the earlier program that we had adopted. */
  readonly givenBack: number;
}

const links = 'lockstep_featbit_users';
const writeConcern = { w: 'majority' };

/**
 * Removes what has our mark, and what a link names that FeatBit has taken the mark from; nothing else. Users that we adopted stay, with the
 * mark that they had. A repeat goes on.
 */
export async function removeOurs(featbit: MongodbDatabase, options: SignalOption): Promise<Removed> {
  const removed: { [collection: string]: number } = {};
  const remove = async (collection: TargetCollection, q: JsonDocument): Promise<void> => {
    const command = { delete: collection, deletes: [{ q, limit: 0 }], writeConcern };
    const { n } = await featbit.command(command, options);
    removed[collection] = (removed[collection] ?? 0) + Number(n);
  };
  let givenBack = 0;
  const linked = { find: links, projection: { userId: 1, endUserId: 1, former: 1 } };
  for await (const found of batches(featbit.documents(linked, options))) {
    const { adopted, made } = await byMaker(featbit, idsOf(found, 'userId'), options);
    // One that is left out has no id in its link, and our mark all the same.
    const former = found.filter((link) => link['former'] === true).map(({ _id: id }) => binaryOf(String(id)));
    const marked = { _id: { $in: former }, lockstep: { $exists: true } };
    givenBack += await giveBack(featbit, { $or: [{ _id: { $in: [...adopted] } }, marked] }, options);
    await remove('Users', { _id: { $in: [...made] } });
    await remove('EndUsers', { _id: { $in: idsOf(found, 'endUserId') } });
  }
  for (const collection of collections) await remove(collection, { lockstep: { $exists: true } });
  await ifThere(() => featbit.command({ dropIndexes: 'Users', index: emailIndex }, options));
  await ifThere(() => featbit.command({ drop: links }, options));
  return { removed, givenBack };
}

/** Which of our users the earlier program made, and which we. */
async function byMaker(
  featbit: MongodbDatabase,
  ids: readonly Json[],
  options: SignalOption,
): Promise<{ readonly adopted: readonly Json[]; readonly made: readonly Json[] }> {
  const textOf = (id: Json): string => textOfBinary(id) ?? '';
  const former = await formerAmong(featbit, ids.map(textOf), options);
  const isFormer = (id: Json): boolean => former.has(textOf(id));
  return { adopted: ids.filter(isFormer), made: ids.filter((id) => !isFormer(id)) };
}

/** As the earlier program would have them: whoever starts again adopts them again. */
async function giveBack(featbit: MongodbDatabase, q: JsonDocument, options: SignalOption): Promise<number> {
  const u = { $set: { bitsaccoUser: true }, $unset: { lockstep: '', deleted: '', deletedAt: '' } };
  const updates = [{ q, u, multi: true }];
  const { n } = await featbit.command({ update: 'Users', updates, writeConcern }, options);
  return Number(n);
}

const idsOf = (documents: readonly JsonDocument[], field: string): Json[] =>
  documents.flatMap(({ [field]: id }) => (id === undefined || id === null ? [] : [id]));

/** What is to be dropped may never have been made, or may have been dropped before. */
async function ifThere(drop: () => Promise<unknown>): Promise<void> {
  try {
    await drop();
  } catch (thrown) {
    if (!isLockstepError(thrown, 'collection-gone') && !isNoIndex(thrown)) throw thrown;
  }
}

const isNoIndex = (thrown: unknown): boolean => /index not found/i.test(toError(thrown).message);
