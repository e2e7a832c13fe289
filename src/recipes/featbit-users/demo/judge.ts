import type { Json, JsonDocument, MongodbDatabase } from '../../../index.ts';

/** What FeatBit should show of each user, worked out by Bitsacco's server: nothing of the recipe's mapping has a say here. */
const wanted: JsonDocument[] = [
  {
    $project: {
      line: {
        $concat: [
          '$_id',
          '|',
          '$profile.name',
          '|',
          { $replaceAll: { input: '$phone.number', find: '+', replacement: '' } },
          '@bitsacco.com|',
          { $cond: [{ $in: [1, '$roles'] }, 'admin', ''] },
        ],
      },
    },
  },
  { $sort: { line: 1 } },
];

const memberships = ['WorkspaceUsers', 'OrganizationUsers'];

const joined = (from: string, as: string): JsonDocument => ({
  $lookup: { from, localField: '_id', foreignField: from === 'MemberPolicies' ? 'memberId' : 'userId', as },
});

const shown: JsonDocument[] = [
  { $match: { bitsaccoUser: true, deleted: { $ne: true } } },
  ...memberships.map((name) => joined(name, name)),
  joined('MemberPolicies', 'policies'),
  { $match: Object.fromEntries(memberships.map((name) => [name, { $size: 1 }])) },
  { $lookup: { from: 'EndUsers', localField: '_id', foreignField: '_id', as: 'endUsers' } },
  {
    $project: {
      endUser: { $first: '$endUsers.keyId' },
      name: 1,
      email: 1,
      isAdmin: { $ne: ['$policies', []] },
    },
  },
];

/** Whether both sides hold the same users, by a sorted export of each. `lines`: of FeatBit, by its own joins. */
export async function judge({
  bitsacco,
  featbit,
}: {
  readonly bitsacco: MongodbDatabase;
  readonly featbit: MongodbDatabase;
}): Promise<{ readonly users: number; readonly equal: boolean }> {
  const here: Json[] = [];
  const there: string[] = [];
  const read = (collection: string, pipeline: JsonDocument[]) => ({
    aggregate: collection,
    pipeline,
    cursor: {},
  });
  for await (const { line } of bitsacco.documents(read('usersdocuments', wanted))) here.push(line ?? null);
  for await (const { endUser, name, email, isAdmin } of featbit.documents(read('Users', shown)))
    there.push(`${endUser}|${name}|${email}|${isAdmin === true ? 'admin' : ''}`);
  return { users: there.length, equal: there.toSorted().join('\n') === here.join('\n') };
}
