import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Db, Document } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { idOfNumber, oddUsers, secret } from '../../../src/recipes/featbit-users/demo/bitsacco.ts';
import { administratorPolicy } from '../../../src/recipes/featbit-users/mapping/ids.ts';
import { exportDocuments } from '../../support/mongo-export.ts';
import { eventually } from '../support/eventually.ts';
import { change, documentOf, featbitId, insert, numbersIn, remove, upTo, users } from './support/people.ts';
import { openTown, uuidOf } from './support/town.ts';

async function filesBelow(
  directory: string,
): Promise<readonly { readonly name: string; readonly bytes: Buffer }[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(
    files.map(async ({ name, parentPath }) => ({ name, bytes: await readFile(join(parentPath, name)) })),
  );
}

describe.each(['before 5.4.0', 'from 5.4.0'] as const)('FeatBit %s', { timeout: 90_000 }, (version) => {
  test('FB-5 FB-6 FB-12 FB-15 FB-17 FB-22 FB-25 FB-29 users are there, then followed, and the log says so', async () => {
    await using town = await openTown({ version });
    const has540 = version === 'from 5.4.0';
    await insert(town, users(1, 50));
    await using service = await town.start();
    for (const line of [
      'Starting FeatBit user sync service...',
      'Starting full user synchronization...',
      'Found 50 users to synchronize',
      'Full user synchronization completed',
    ])
      expect(service.logged(line), line).toHaveLength(1);
    const createdAt = new Date('2025-01-01T00:07:00Z');
    const common = { _id: uuidOf(7), createdAt, updatedAt: createdAt, lockstep: true };
    expect(await town.ofUser('Users', 7)).toEqual({
      ...common,
      name: 'User 7',
      email: '254700000007@bitsacco.com',
      password: '',
      origin: 'Local',
      bitsaccoUser: true,
      ...(has540 ? {} : { workspaceId: featbitId('workspace') }),
    });
    expect(await town.ofUser('WorkspaceUsers', 7)).toEqual(
      has540 ? { ...common, workspaceId: featbitId('workspace'), userId: uuidOf(7) } : null,
    );
    expect(await town.ofUser('OrganizationUsers', 7)).toEqual({
      ...common,
      organizationId: featbitId('organization'),
      userId: uuidOf(7),
      invitorId: null,
    });
    expect(await numbersIn(town, 'MemberPolicies')).toEqual([]);
    expect(await numbersIn(town, 'EndUsers')).toEqual([]);
    expect(await town.find('lockstep_featbit_users', { userId: uuidOf(7) })).toEqual([
      {
        _id: idOfNumber(7),
        userId: uuidOf(7),
        workspaceUserId: has540 ? uuidOf(7) : null,
        organizationUserId: uuidOf(7),
        memberPolicyId: null,
        endUserId: null,
        email: '254700000007@bitsacco.com',
        lockstep: true,
      },
    ]);

    await insert(town, users(51, 51, { roles: ['Admin'] }));
    await service.says(`Added new user ${idOfNumber(51)} to FeatBit`);
    await change(town, 7, { 'profile.name': 'Another', roles: [0, 3] });
    await service.says(`Updated user ${idOfNumber(7)} in FeatBit`);
    await eventually(
      'both are administrators',
      async () => (await numbersIn(town, 'MemberPolicies')).length === 2,
    );
    expect(await town.ofUser('MemberPolicies', 7)).toMatchObject({
      organizationId: featbitId('organization'),
      policyId: { buffer: Buffer.from(administratorPolicy.replaceAll('-', ''), 'hex') },
      memberId: uuidOf(7),
    });
    expect(await town.ofUser('Users', 7)).toMatchObject({ name: 'Another' });
    await change(town, 7, { roles: ['0'] });
    await eventually(
      'one is none any more',
      async () => (await numbersIn(town, 'MemberPolicies')).join() === '51',
    );

    const ended = await service.stop();
    expect(ended.code).toBe(0);
    expect(service.logged('Stopping FeatBit user sync service...')).toHaveLength(1);
  });
});

describe('members', { timeout: 90_000 }, () => {
  test('FB-23 FB-24 who is deleted is marked and loses memberships, and who is made again comes back', async () => {
    await using town = await openTown();
    await insert(town, [...users(1, 19), ...users(20, 20, { roles: [1] })]);
    await using service = await town.start();
    await remove(town, 20);
    await service.says(`Marked user ${idOfNumber(20)} as deleted in FeatBit`);
    expect(await town.ofUser('Users', 20)).toMatchObject({
      deleted: true,
      deletedAt: expect.any(Date),
      bitsaccoUser: true,
      name: 'User 20',
    });
    for (const collection of ['WorkspaceUsers', 'OrganizationUsers', 'MemberPolicies'])
      await eventually(
        `${collection} has it no more`,
        async () => (await town.ofUser(collection, 20)) === null,
      );
    await insert(town, users(20, 20, { profile: { name: 'Again' } }));
    await service.says(`Updated user ${idOfNumber(20)} in FeatBit`);
    const back = await town.ofUser('Users', 20);
    expect(back).toMatchObject({ name: 'Again', lockstep: true });
    expect(Object.keys(back ?? {})).not.toContain('deleted');
    expect(Object.keys(back ?? {})).not.toContain('deletedAt');
    for (const collection of ['WorkspaceUsers', 'OrganizationUsers'])
      await eventually(
        `${collection} has it again`,
        async () => (await town.ofUser(collection, 20)) !== null,
      );
    // Somebody else who signs up with the number of one who left.
    await remove(town, 20);
    await eventually('it is marked', async () => (await town.ofUser('Users', 20))?.['deleted'] === true);
    await insert(town, users(21, 21, { phone: { number: '254700000020' } }));
    await service.says(`Added new user ${idOfNumber(21)} to FeatBit`);
    expect(await town.ofUser('Users', 21)).toMatchObject({ email: '254700000020@bitsacco.com' });
    expect((await town.command('featbit:seed')).code).toBe(0);
    expect(await town.ofUser('Users', 21)).toMatchObject({ email: '254700000020@bitsacco.com' });
  });

  test('FB-25 the last administrator loses the policy too, by the stream and by polling', async () => {
    await using town = await openTown({ env: { FEATBIT_POLL_SECONDS: '1' } });
    await insert(town, [...users(1, 9), ...users(10, 10, { roles: [1] })]);
    for (const FEATBIT_CAPTURE of ['stream', 'poll']) {
      await using service = await town.start({ FEATBIT_CAPTURE });
      const administrators = (expected: string) =>
        eventually(
          `administrators: ${expected}`,
          async () => (await numbersIn(town, 'MemberPolicies')).join() === expected,
          () => service.child.stdout,
        );
      await change(town, 10, { roles: [1] });
      await administrators('10');
      await change(town, 10, { roles: [0] });
      await administrators('');
      expect(service.logged('Too many')).toEqual([]);
      await service.stop();
    }
  });

  test('FB-22 many quick changes of one user arrive in order: the last wins, and what follows a change follows it here', async () => {
    await using town = await openTown();
    await insert(town, users(1, 20));
    await using service = await town.start();
    const source = town.bitsacco.db.collection<Document & { _id: string }>('usersdocuments');
    const naming = (number: number, name: string) => ({
      updateOne: { filter: { _id: idOfNumber(number) }, update: { $set: { 'profile.name': name } } },
    });
    const leaving = (number: number) => ({ deleteOne: { filter: { _id: idOfNumber(number) } } });
    const joining = (number: number, name: string) => ({
      insertOne: { document: { ...users(number, number)[0], _id: idOfNumber(number), profile: { name } } },
    });
    const seen: number[] = [];
    const look = async (): Promise<void> => {
      const turn = /^turn (\d+)$/.exec((await town.ofUser('Users', 3))?.['name'])?.[1];
      if (turn !== undefined) seen.push(Number(turn));
    };
    for (let turn = 1; turn <= 200; turn += 1) {
      await source.bulkWrite([naming(3, `turn ${turn}`)]);
      if (turn % 10 === 0) await look();
    }
    await source.bulkWrite([naming(4, 'changed'), leaving(4)]);
    await source.bulkWrite([leaving(5), joining(5, 'back again')]);
    await source.bulkWrite([joining(30, 'not for long'), naming(30, 'nor this'), leaving(30)]);
    await source.bulkWrite([naming(1, 'the last of all')]);
    await eventually(
      'the last is there',
      async () => {
        await look();
        return (await town.ofUser('Users', 1))?.['name'] === 'the last of all';
      },
      () => service.child.stdout,
    );
    // Drained, and no comparison mends anything afterwards.
    await service.stop();
    await look();
    expect(seen).toEqual(seen.toSorted((one, other) => one - other));
    expect(seen.at(-1)).toBe(200);
    expect(await town.ofUser('Users', 4)).toMatchObject({ deleted: true, lockstep: false });
    expect(await town.ofUser('OrganizationUsers', 4)).toBeNull();
    const back = await town.ofUser('Users', 5);
    expect(back).toMatchObject({ name: 'back again', lockstep: true });
    expect(Object.keys(back ?? {})).not.toContain('deleted');
    expect(await town.ofUser('OrganizationUsers', 5)).toMatchObject({ lockstep: true });
    expect(await numbersIn(town, 'Users')).not.toContain(30);
    expect(await town.ofUser('OrganizationUsers', 30)).toBeNull();
  });

  test('FB-8 FB-9 FB-10 FB-11 whatever shape users have, all are there, one that can’t be is told, and no secret is', async () => {
    await using town = await openTown({ env: { LOG_LEVEL: 'DEBUG' } });
    await insert(town, [
      ...oddUsers.map(documentOf),
      ...users(100, 120),
      { _id: 'no uuid', roles: [0] } as never,
    ]);
    await using service = await town.start();
    expect(await numbersIn(town, 'Users')).toEqual([
      ...upTo(oddUsers.length),
      ...upTo(21).map((number) => number + 99),
    ]);
    expect(await numbersIn(town, 'MemberPolicies')).toEqual([1, 2, 3, 4, 5]);
    expect(await town.ofUser('Users', 8)).toMatchObject({ name: expect.stringMatching(/^Nostr User npub1/) });
    expect(await town.ofUser('Users', 11)).toMatchObject({
      name: 'Bitsacco User',
      email: `${idOfNumber(11)}@bitsacco.com`,
    });
    expect(service.logged('A user can’t be synchronized').map(({ key }) => key)).toContain('"no uuid"');
    await insert(town, users(130, 130));
    await service.says(`Added new user ${idOfNumber(130)}`);
    await service.stop();
    /** The bytes of a collection as a text in which any text of it is found. */
    const bytesOf = async (db: Db, name: string): Promise<string> =>
      Buffer.from((await exportDocuments(db, name)).join(''), 'hex').toString('latin1');
    expect(await bytesOf(town.bitsacco.db, 'usersdocuments')).toContain(secret);
    const everything = [service.child.stdout, service.child.stderr];
    for (const { name } of await town.featbit.db.listCollections().toArray())
      everything.push(await bytesOf(town.featbit.db, name));
    const remembered = await filesBelow(town.directory);
    expect(remembered.map(({ name }) => name)).toContain('lockstep.db');
    for (const { bytes } of remembered) everything.push(bytes.toString('latin1'));
    expect(everything.join('\n')).toContain(idOfNumber(130));
    expect(everything.join('\n')).not.toContain(secret);
    expect(everything.join('\n')).not.toMatch(/pinHash|otpHash|"otp"/);
  });

  test('FB-28 changes that go on from before the full synchronisation until after it are all there', async () => {
    await using town = await openTown();
    const { bitsacco, featbit } = town;
    await insert(town, users(1, 3000));
    await using service = town.begin();
    const isStarted = (): boolean =>
      service.logged('FeatBit user sync service started successfully').length > 0;
    const failed = () => `${service.child.stdout}\n${service.child.stderr}`;
    // Without a pause, all over the collection: whenever a part is read and whenever the stream is opened, something changes.
    let turn = 0;
    for (; !isStarted(); turn += 1) {
      if (turn === 50_000) throw new Error(failed());
      await change(town, 1 + ((turn * 7) % 2000), { 'profile.name': `turn ${turn}`, roles: [turn % 2] });
      if (turn % 10 === 0) await insert(town, users(10_001 + turn, 10_001 + turn));
      if (turn % 40 === 0) await remove(town, 2001 + ((turn / 40) % 900));
    }
    expect(turn).toBeGreaterThan(100);
    const here = async (): Promise<string> => {
      const found = bitsacco.db.collection('usersdocuments').find().sort({ _id: 1 });
      const lines = (await found.toArray()).map(
        ({ _id: id, profile, roles }) => `${id} ${profile.name} ${roles.includes(1)}`,
      );
      return lines.join('\n');
    };
    const there = async (): Promise<string> => {
      const policies = await town.find('MemberPolicies', { lockstep: true });
      const administrators = new Set(policies.map(({ memberId }) => String(memberId)));
      const members = await featbit.db
        .collection('Users')
        .find({ lockstep: true, deleted: { $ne: true } })
        .sort({ _id: 1 })
        .toArray();
      return members.map(({ _id: id, name }) => `${id} ${name} ${administrators.has(String(id))}`).join('\n');
    };
    const wanted = await here();
    await eventually('both sides are the same', async () => (await there()) === wanted, failed);
    await service.stop();
    expect(service.logged('A user can’t be synchronized')).toEqual([]);
  });

  test('FB-26 deletes and changes while it is down are found', async () => {
    await using town = await openTown();
    await insert(town, users(1, 3000));
    {
      await using service = await town.start();
      await service.stop();
    }
    await remove(town, 5, 6);
    await change(town, 7, { 'profile.name': 'while it was down' });
    await insert(town, users(4000, 4000));
    await using service = await town.start();
    await eventually('all is as it should be', async () => {
      const [numbers, seven] = [await numbersIn(town, 'Users'), await town.ofUser('Users', 7)];
      return numbers.length === 2999 && numbers.includes(4000) && seven?.['name'] === 'while it was down';
    });
    expect(service.logged(`Marked user ${idOfNumber(5)} as deleted in FeatBit`)).toHaveLength(1);
    expect(await town.ofUser('Users', 5)).toMatchObject({ deleted: true });
    expect(await town.ofUser('OrganizationUsers', 5)).toBeNull();
  });

  test('FB-13 FB-27 a process that is killed again and again loses nothing and makes nothing twice', async () => {
    await using town = await openTown({ env: { FEATBIT_TARGET: 'both' } });
    await insert(town, users(1, 5000));
    for (const wanted of [200, 2500, 4900]) {
      await using service = town.begin();
      await eventually(
        `${wanted} are there`,
        async () => (await town.featbit.db.collection('Users').countDocuments({ lockstep: true })) >= wanted,
        () => `${service.child.stdout}${service.child.stderr}`,
      );
      await change(town, wanted, { 'profile.name': `after ${wanted}` });
      await service.child.kill('SIGKILL');
    }
    await using service = await town.start();
    for (const collection of [
      'Users',
      'WorkspaceUsers',
      'OrganizationUsers',
      'EndUsers',
      'lockstep_featbit_users',
    ])
      expect(
        await town.featbit.db.collection(collection).countDocuments({ lockstep: true }),
        collection,
      ).toBe(5000);
    for (const wanted of [200, 2500, 4900])
      expect(await town.ofUser('Users', wanted)).toMatchObject({ name: `after ${wanted}` });
    expect(service.logged('A user can’t be synchronized')).toEqual([]);
  });
});
