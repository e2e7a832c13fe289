import type { JsonDocument, MongodbDatabase } from '../../../index.ts';
import { emailPattern } from '../mapping/identity.ts';
import type { Placement } from '../mapping/ids.ts';
import { binaryOf, isUuid, textOfBinary } from '../mapping/uuid.ts';
import { batches } from './batches.ts';
import { idsAtSource, type Source } from './source.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

export interface LookRequest {
  readonly featbit: MongodbDatabase;
  readonly source: Source;
  readonly placement: Placement;
}

/** What stands in the way, in lower case. Ids are those of users that Bitsacco has, so that nothing is held for all the others. */
export interface FoundStrangers {
  /** Of members with an e-mail of our domain. */
  readonly emails: ReadonlySet<string>;
  readonly members: ReadonlySet<string>;
  readonly endUsers: ReadonlySet<string>;
}

export const noStrangers: FoundStrangers = { emails: new Set(), members: new Set(), endUsers: new Set() };

/** Looks at all that there is and that users are made as. What is ours already does not leave the server. */
export async function findStrangers(
  { featbit, source, placement: { hasMembers, environmentId } }: LookRequest,
  options: SignalOption,
): Promise<FoundStrangers> {
  const idsIn = async (command: JsonDocument): Promise<ReadonlySet<string>> => {
    const ids = new Set<string>();
    for await (const found of batches(featbit.documents(command, options))) {
      const some = found.map(({ user }) => idOf(user)).filter(isUuid);
      for (const id of await idsAtSource(source, some, options)) ids.add(id.toLowerCase());
    }
    return ids;
  };
  const none = new Set<string>();
  return {
    emails: hasMembers ? await emailsIn({ featbit, source }, options) : none,
    members: hasMembers ? await idsIn(handMade) : none,
    endUsers: environmentId === null ? none : await idsIn(otherEndUsers(environmentId)),
  };
}

async function emailsIn(
  { featbit, source }: Pick<LookRequest, 'featbit' | 'source'>,
  options: SignalOption,
): Promise<ReadonlySet<string>> {
  const emails = new Set<string>();
  for await (const found of batches(featbit.documents(ofOurDomain, options))) {
    const ids = found.flatMap(({ _id: id, bitsaccoUser }) => (bitsaccoUser === true ? [idOf(id)] : []));
    // The earlier program's, which are adopted.
    const adopted = await idsAtSource(source, ids, options);
    for (const { _id: id, email } of found)
      if (!adopted.has(idOf(id))) emails.add(String(email).toLowerCase());
  }
  return emails;
}

const idOf = (id: JsonDocument[string] | undefined): string => textOfBinary(id) ?? String(id);

/** Whatever it says: FeatBit sets no such field. False is on those that we marked as deleted. */
const unmarked = { lockstep: { $exists: false } } as const;

/** FeatBit's writing takes the mark away; a link says that it is ours all the same. */
const unlinked = (foreignField: 'userId' | 'endUserId'): JsonDocument[] => [
  {
    $lookup: {
      from: 'lockstep_featbit_users',
      localField: '_id',
      foreignField,
      pipeline: [{ $project: { _id: 1 } }],
      as: 'links',
    },
  },
  { $match: { links: [] } },
];

const ofOurDomain: JsonDocument = {
  aggregate: 'Users',
  pipeline: [
    { $match: { ...unmarked, email: { $regex: emailPattern, $options: 'i' } } },
    ...unlinked('userId'),
    { $project: { email: 1, bitsaccoUser: 1 } },
  ],
  cursor: {},
};

/** Members that have no mark of the earlier program either. */
const handMade: JsonDocument = {
  aggregate: 'Users',
  pipeline: [
    { $match: { ...unmarked, bitsaccoUser: { $ne: true } } },
    ...unlinked('userId'),
    { $project: { user: '$_id' } },
  ],
  cursor: {},
};

/** FeatBit makes an end user itself when flags are evaluated for one that it does not know. */
const otherEndUsers = (environmentId: string): JsonDocument => ({
  aggregate: 'EndUsers',
  pipeline: [
    { $match: { ...unmarked, envId: binaryOf(environmentId) } },
    ...unlinked('endUserId'),
    { $project: { user: '$keyId' } },
  ],
  cursor: {},
});
