import { expect, test } from 'vitest';
import { idOfNumber } from '../../../src/recipes/featbit-users/demo/bitsacco.ts';
import { eventually } from '../support/eventually.ts';
import { change, featbitId, insert, numbersIn, otherId, remove, users } from './support/people.ts';
import { openTown, uuidOf } from './support/town.ts';

test.each(['before 5.4.0', 'from 5.4.0'] as const)(
  'FB-14 FB-16 FB-19 FeatBit %s, end users alone: made, followed, marked, and FeatBit’s own left alone',
  {
    timeout: 90_000,
  },
  async (version) => {
    await using town = await openTown({ version, env: { FEATBIT_TARGET: 'end-users' } });
    await insert(town, users(1, 10, { roles: [1] }));
    const evaluated = {
      _id: otherId('evaluated'),
      workspaceId: featbitId('workspace'),
      envId: featbitId('environment'),
      keyId: idOfNumber(4),
      name: 'made by FeatBit',
      customizedProperties: [],
    };
    await town.featbit.db.collection('EndUsers').insertOne({ ...evaluated } as never);
    await using service = await town.start();
    expect(await numbersIn(town, 'EndUsers')).toEqual([1, 2, 3, 5, 6, 7, 8, 9, 10]);
    expect(await town.find('EndUsers', { keyId: idOfNumber(4) })).toEqual([evaluated]);
    expect(service.logged(`User ${idOfNumber(4)} is left out`)).toHaveLength(1);
    const at = new Date('2025-01-01T00:03:00Z');
    expect(await town.ofUser('EndUsers', 3)).toEqual({
      _id: uuidOf(3),
      workspaceId: featbitId('workspace'),
      envId: featbitId('environment'),
      keyId: idOfNumber(3),
      name: 'User 3',
      customizedProperties: [
        { name: 'email', value: '254700000003@bitsacco.com' },
        { name: 'phone', value: '254700000003' },
        { name: 'phoneVerified', value: 'true' },
        { name: 'avatarUrl', value: 'https://cdn.example.com/3.png' },
        { name: 'roles', value: 'Admin' },
        { name: 'isAdmin', value: 'true' },
        { name: 'createdAt', value: at.toISOString() },
      ],
      createdAt: at,
      updatedAt: at,
      lockstep: true,
    });
    for (const collection of ['Users', 'WorkspaceUsers', 'OrganizationUsers', 'MemberPolicies'])
      expect(await numbersIn(town, collection)).toEqual([]);
    await change(town, 3, { roles: [] });
    await service.says(`Updated user ${idOfNumber(3)} in FeatBit`);
    expect((await town.ofUser('EndUsers', 3))?.['customizedProperties']).toContainEqual({
      name: 'isAdmin',
      value: 'false',
    });
    await remove(town, 3);
    await service.says(`Marked user ${idOfNumber(3)} as deleted in FeatBit`);
    expect(await town.ofUser('EndUsers', 3)).toMatchObject({ deleted: true, deletedAt: expect.any(Date) });
    await insert(town, users(11, 11));
    await service.says(`Added new user ${idOfNumber(11)} to FeatBit`);
    await eventually(
      'the link says so',
      async () =>
        (
          await town.find('lockstep_featbit_users', {
            endUserId: uuidOf(11),
            userId: null,
            workspaceUserId: null,
          })
        ).length === 1,
    );
    expect(await town.find('EndUsers', { keyId: idOfNumber(4) })).toEqual([evaluated]);
    await town.featbit.db.collection('EndUsers').deleteOne({ _id: evaluated._id as never });
    await eventually('ours comes once FeatBit’s own is gone', async () =>
      (await numbersIn(town, 'EndUsers')).includes(4),
    );
  },
);

test.each(['before 5.4.0', 'from 5.4.0'] as const)(
  'FB-15 FB-16 FB-17 FeatBit %s, both: members and end users',
  { timeout: 90_000 },
  async (version) => {
    const env = { FEATBIT_TARGET: 'both', FEATBIT_ENVIRONMENT: 'prod' };
    await using town = await openTown({ version, env });
    const has540 = version === 'from 5.4.0';
    await insert(town, users(1, 10));
    await using service = await town.start();
    await insert(town, users(11, 11));
    await service.says(`Added new user ${idOfNumber(11)} to FeatBit`);
    await eventually('the end user is there', async () => (await numbersIn(town, 'EndUsers')).length === 11);
    await service.stop();
    expect(await numbersIn(town, 'Users')).toHaveLength(11);
    expect(await numbersIn(town, 'OrganizationUsers')).toHaveLength(11);
    expect(await numbersIn(town, 'WorkspaceUsers')).toHaveLength(has540 ? 11 : 0);
    for (const number of [3, 11]) {
      const workspaceId = has540 ? undefined : featbitId('workspace');
      expect((await town.ofUser('Users', number))?.['workspaceId']).toEqual(workspaceId);
      expect(await town.ofUser('EndUsers', number)).toMatchObject({
        workspaceId: featbitId('workspace'),
        envId: featbitId('environment'),
        keyId: idOfNumber(number),
      });
      expect(await town.find('lockstep_featbit_users', { userId: uuidOf(number) })).toMatchObject([
        {
          _id: idOfNumber(number),
          workspaceUserId: has540 ? uuidOf(number) : null,
          organizationUserId: uuidOf(number),
          endUserId: uuidOf(number),
        },
      ]);
    }
  },
);

test('FB-16 FB-19 both: an end user that FeatBit made itself leaves out that end user, never the member', {
  timeout: 90_000,
}, async () => {
  await using town = await openTown({ env: { FEATBIT_TARGET: 'both' } });
  await insert(town, users(1, 10, { roles: [1] }));
  const endUsers = town.featbit.db.collection('EndUsers');
  const isOut = async () => !(await numbersIn(town, 'EndUsers')).includes(4);
  const theirs = {
    _id: otherId('evaluated'),
    envId: featbitId('environment'),
    keyId: idOfNumber(4),
    name: 'made by FeatBit',
  };
  const memberships = ['Users', 'WorkspaceUsers', 'OrganizationUsers', 'MemberPolicies'];
  const expectMember = async () => {
    for (const collection of memberships)
      expect(await numbersIn(town, collection), collection).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  };
  {
    await using service = await town.start();
    await endUsers.insertOne({ ...theirs } as never);
    await service.says(`User ${idOfNumber(4)} is left out`);
    await eventually('ours is away', isOut);
    await service.stop();
  }
  await expectMember();
  await using service = await town.start();
  await eventually('the link names what is there', async () => {
    const [link] = await town.find('lockstep_featbit_users', { _id: idOfNumber(4) });
    return link?.['endUserId'] === null && link?.['deleted'] === undefined;
  });
  await expectMember();
  expect(await isOut()).toBe(true);
  expect(await town.find('EndUsers', { _id: theirs._id })).toEqual([theirs]);
  await endUsers.deleteOne({ _id: theirs._id as never });
  await eventually('ours is back', async () => !(await isOut()));
  expect(service.logged(`User ${idOfNumber(4)} is left out`)).toHaveLength(1);
});

test('FB-20 FB-23 an end user that FeatBit writes anew stays ours, and who is deleted does not come back by it', {
  timeout: 90_000,
}, async () => {
  await using town = await openTown({ env: { FEATBIT_TARGET: 'end-users' } });
  await insert(town, users(1, 10));
  await using service = await town.start();
  /** As FeatBit does it: what it does not know is lost. */
  const rewrite = async (number: number): Promise<void> => {
    const { lockstep, deleted, deletedAt, ...known } = (await town.ofUser('EndUsers', number)) ?? {};
    await town.featbit.db
      .collection('EndUsers')
      .replaceOne({ _id: uuidOf(number) as never }, { ...known, theirs: number });
  };
  const marked = { deleted: true, deletedAt: expect.any(Date), lockstep: false };
  const becomes = (number: number, wanted: object) =>
    eventually(`end user ${number} is ${JSON.stringify(wanted)}`, async () => {
      const found = await town.ofUser('EndUsers', number);
      return Object.entries(wanted).every(([name, value]) => found?.[name] === value);
    });
  await rewrite(2);
  await becomes(2, { lockstep: true, theirs: 2 });
  await rewrite(3);
  await remove(town, 3);
  await becomes(3, { deleted: true });
  await rewrite(3);
  await becomes(3, { deleted: true, theirs: 3 });
  expect(await town.ofUser('EndUsers', 3)).toMatchObject(marked);
  expect(await numbersIn(town, 'EndUsers')).toEqual([1, 2, 4, 5, 6, 7, 8, 9, 10]);
  expect(service.logged('is left out')).toEqual([]);
});
