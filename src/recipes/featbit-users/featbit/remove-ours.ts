import { isLockstepError, type JsonDocument, type MongodbDatabase, toError } from '../../../index.ts';
import type { TargetCollection } from '../mapping/documents.ts';
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

/** Documents removed, by collection. */
export type Removed = Readonly<Record<string, number>>;

/** Removes what has our mark, and what a link names that FeatBit has taken the mark from; nothing else. A repeat goes on. */
export async function removeOurs(featbit: MongodbDatabase, options: SignalOption): Promise<Removed> {
  const removed: { [collection: string]: number } = {};
  const remove = async (collection: TargetCollection, q: JsonDocument): Promise<void> => {
    const command = { delete: collection, deletes: [{ q, limit: 0 }], writeConcern: { w: 'majority' } };
    const { n } = await featbit.command(command, options);
    removed[collection] = (removed[collection] ?? 0) + Number(n);
  };
  const links = { find: 'lockstep_featbit_users', projection: { userId: 1, endUserId: 1 } };
  for await (const found of batches(featbit.documents(links, options))) {
    await remove('Users', { _id: { $in: idsOf(found, 'userId') } });
    await remove('EndUsers', { _id: { $in: idsOf(found, 'endUserId') } });
  }
  for (const collection of collections) await remove(collection, { lockstep: { $exists: true } });
  await ifThere(() => featbit.command({ dropIndexes: 'Users', index: emailIndex }, options));
  await ifThere(() => featbit.command({ drop: 'lockstep_featbit_users' }, options));
  return removed;
}

const idsOf = (links: readonly JsonDocument[], field: string) =>
  links.flatMap(({ [field]: id }) => (id === undefined || id === null ? [] : [id]));

/** What is to be dropped may never have been made, or may have been dropped before. */
async function ifThere(drop: () => Promise<unknown>): Promise<void> {
  try {
    await drop();
  } catch (thrown) {
    if (!isLockstepError(thrown, 'collection-gone') && !isNoIndex(thrown)) throw thrown;
  }
}

const isNoIndex = (thrown: unknown): boolean => /index not found/i.test(toError(thrown).message);
