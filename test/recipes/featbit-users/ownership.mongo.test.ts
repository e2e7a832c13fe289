import type { Document } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { idOfNumber } from '../../../src/recipes/featbit-users/demo/bitsacco.ts';
import { eventually } from '../support/eventually.ts';
import { change, featbitId, insert, numbersIn, otherId, remove, users } from './support/people.ts';
import { openTown, type Town, uuidOf } from './support/town.ts';

const usersOf = (town: Town) => town.featbit.db.collection<Document>('Users');

/** As a person makes one in FeatBit. */
const handMade = (email: string, more: Document = {}): Document => ({
  _id: otherId(email),
  name: 'By hand',
  email,
  password: 'a hash',
  origin: 'Local',
  createdAt: new Date(0),
  updatedAt: new Date(0),
  ...more,
});

/** As the earlier program wrote one. */
const former = (number: number, _id: unknown): Document => ({
  ...handMade('bitsacco@bitsacco.com'),
  _id,
  name: `Former ${number}`,
  password: 'known to everybody',
  bitsaccoUser: true,
  theirs: { kept: 1.5 },
});

describe('ownership', { timeout: 90_000 }, () => {
  test('FB-18 users of the earlier program are adopted, ids that are text corrected, and others left alone', async () => {
    await using town = await openTown();
    await insert(town, users(1, 10));
    await town.featbit.db
      .collection('Users')
      .insertMany([
        former(1, idOfNumber(1)) as never,
        former(2, uuidOf(2)),
        former(99, idOfNumber(99)) as never,
        former(98, uuidOf(98)),
      ]);
    await using service = await town.start();
    expect(await town.find('Users', { _id: { $type: 'string' } })).toEqual([former(99, idOfNumber(99))]);
    for (const number of [1, 2])
      expect(await town.ofUser('Users', number)).toMatchObject({
        name: `User ${number}`,
        email: `${254_700_000_000 + number}@bitsacco.com`,
        bitsaccoUser: true,
        password: '',
        theirs: { kept: 1.5 },
      });
    expect(await town.ofUser('Users', 98)).toEqual(former(98, uuidOf(98)));
    expect(await numbersIn(town, 'WorkspaceUsers')).toHaveLength(10);
    await remove(town, 2);
    await service.says(`Marked user ${idOfNumber(2)} as deleted in FeatBit`);
    await service.stop();
    // Once: a password that FeatBit sets afterwards is FeatBit's, whatever becomes of our mark.
    await usersOf(town).updateOne(
      { _id: uuidOf(1) as never },
      { $set: { password: 'set in FeatBit' }, $unset: { lockstep: '' } },
    );
    await using again = await town.start();
    expect(await town.ofUser('Users', 1)).toMatchObject({ password: 'set in FeatBit', lockstep: true });
    await again.stop();
  });

  test('FB-18 users of the earlier program who come to Bitsacco while the service runs are adopted without the known password', async () => {
    await using town = await openTown();
    await insert(town, users(1, 10));
    const theirs = [
      former(11, uuidOf(11)),
      { ...former(12, uuidOf(12)), email: `${254_700_000_012}@bitsacco.com` },
      former(13, idOfNumber(13)),
      former(99, uuidOf(99)),
    ];
    await usersOf(town).insertMany(theirs.map((each) => ({ ...each })));
    {
      await using service = await town.start();
      await insert(town, users(11, 13));
      for (const number of [11, 12, 13])
        await eventually(
          `user ${number} is adopted`,
          async () => {
            const found = await town.ofUser('Users', number);
            return found?.['lockstep'] === true && found['password'] === '' && found['theirs'] !== undefined;
          },
          () => service.child.stdout,
        );
      for (const number of [11, 12, 13])
        expect(await town.ofUser('Users', number)).toMatchObject({
          name: `User ${number}`,
          email: `${254_700_000_000 + number}@bitsacco.com`,
          theirs: { kept: 1.5 },
        });
      await eventually(
        'no id is a text',
        async () => (await town.find('Users', { _id: { $type: 'string' } })).length === 0,
      );
      // Once, also while the service runs: what FeatBit sets afterwards is FeatBit's.
      await usersOf(town).updateOne(
        { _id: uuidOf(11) as never },
        { $set: { password: 'set in FeatBit' }, $unset: { lockstep: 1, bitsaccoUser: 1 } },
      );
      for (const look of ['first', 'second']) {
        await eventually(
          `a ${look} look`,
          async () => (await town.ofUser('Users', 11))?.['lockstep'] === true,
        );
        await usersOf(town).updateOne({ _id: uuidOf(11) as never }, { $unset: { lockstep: 1 } });
      }
      await service.stop();
    }
    await using again = await town.start();
    expect(await town.ofUser('Users', 11)).toMatchObject({ password: 'set in FeatBit', lockstep: true });
    expect(await town.ofUser('Users', 99)).toEqual(former(99, uuidOf(99)));
    await again.stop();
  });

  test('FB-31 clean leaves users of the earlier program in FeatBit, without what we gave them', async () => {
    await using town = await openTown();
    await insert(town, users(1, 20));
    await usersOf(town).insertMany([1, 2, 3, 4].map((number) => former(number, uuidOf(number))));
    expect((await town.command('featbit:seed')).code).toBe(0);
    expect(await numbersIn(town, 'Users')).toHaveLength(20);
    await remove(town, 2);
    expect((await town.command('featbit:seed')).code).toBe(0);
    expect(await town.ofUser('Users', 2)).toMatchObject({ deleted: true });
    // One that is left out since somebody else has its e-mail.
    await usersOf(town).insertOne(handMade('254700000004@bitsacco.com'));
    expect((await town.command('featbit:seed')).code).toBe(0);
    // As FeatBit writes one: without our marks, and without the earlier program's.
    await usersOf(town).updateOne(
      { _id: uuidOf(3) as never },
      { $unset: { lockstep: '', bitsaccoUser: '' } },
    );
    const cleaned = await town.command('featbit:clean');
    expect(cleaned.code).toBe(0);
    expect(cleaned.answer.result).toMatchObject({ removed: { Users: 16 }, givenBack: 4 });
    const left = await town.find('Users', { bitsaccoUser: true });
    expect(left.map(({ name }) => name)).toEqual(['User 1', 'User 2', 'User 3', 'User 4']);
    for (const each of left) {
      expect(each).toMatchObject({ theirs: { kept: 1.5 } });
      expect(Object.keys(each)).not.toEqual(expect.arrayContaining(['lockstep']));
      expect(Object.keys(each)).not.toEqual(expect.arrayContaining(['deleted']));
      expect(Object.keys(each)).not.toEqual(expect.arrayContaining(['deletedAt']));
    }
    for (const collection of ['WorkspaceUsers', 'OrganizationUsers'])
      expect(await town.featbit.db.collection(collection).countDocuments(), collection).toBe(1);
    await usersOf(town).deleteOne({ email: '254700000004@bitsacco.com', bitsaccoUser: { $ne: true } });
    expect((await town.command('featbit:seed')).code).toBe(0);
    expect(await numbersIn(town, 'Users')).toHaveLength(19);
  });

  test('FB-19 a user made by hand with the same e-mail is left alone, and the clash is reported', async () => {
    await using town = await openTown();
    await insert(town, users(1, 5));
    const before = [
      handMade('254700000003@BITSACCO.com'),
      { ...handMade('other@example.com'), _id: uuidOf(4) },
      handMade('254700000006@bitsacco.com'),
    ];
    await usersOf(town).insertMany(before.map((document) => ({ ...document })));
    await using service = await town.start();
    expect(await numbersIn(town, 'Users')).toEqual([1, 2, 5]);
    expect(await numbersIn(town, 'OrganizationUsers')).toEqual([1, 2, 5]);
    expect(service.logged(`User ${idOfNumber(3)} is left out`)).toHaveLength(1);
    expect(service.logged(`User ${idOfNumber(4)} is left out`)).toHaveLength(1);
    await insert(town, users(6, 6));
    await service.says(`User ${idOfNumber(6)} is left out`);
    for (const document of before)
      expect(await town.find('Users', { _id: document['_id'] })).toEqual([document]);
    // Whoever made it by hand takes it away: then there is room.
    await usersOf(town).deleteOne({ email: '254700000003@BITSACCO.com' });
    await eventually('the user comes in', async () => (await numbersIn(town, 'Users')).includes(3));
    // One that is made by hand while the service runs.
    await usersOf(town).insertOne(handMade('254700000007@bitsacco.com'));
    // Marks are put back just before it is looked who is there: by the second time a look has ended that began after that.
    for (const look of ['first', 'second']) {
      await usersOf(town).updateOne({ _id: uuidOf(1) as never }, { $unset: { lockstep: 1 } });
      await eventually(`a ${look} look`, async () => (await town.ofUser('Users', 1))?.['lockstep'] === true);
    }
    await insert(town, users(7, 7));
    await service.says(`User ${idOfNumber(7)} is left out`);
  });

  test('FB-20 a user that FeatBit writes anew stays ours, with what FeatBit wrote of its own', async () => {
    await using town = await openTown();
    await insert(town, users(1, 8));
    await using service = await town.start();
    /** As FeatBit does it: what it does not know is lost. */
    const rewrite = async (number: number, more: Document): Promise<void> => {
      const { lockstep, bitsaccoUser, ...known } = (await town.ofUser('Users', number)) ?? {};
      expect([lockstep, bitsaccoUser]).toEqual([true, true]);
      await usersOf(town).replaceOne({ _id: uuidOf(number) as never }, { ...known, ...more });
    };
    await rewrite(1, { password: 'set in FeatBit', theirs: 1 });
    await change(town, 1, { 'profile.name': 'New' });
    await eventually('it is written', async () => (await town.ofUser('Users', 1))?.['name'] === 'New');
    expect(await town.ofUser('Users', 1)).toMatchObject({
      password: 'set in FeatBit',
      theirs: 1,
      bitsaccoUser: true,
    });
    await rewrite(2, { theirs: 2 });
    await eventually(
      'it has its mark again',
      async () => (await town.ofUser('Users', 2))?.['bitsaccoUser'] === true,
    );
    await rewrite(3, { theirs: 3 });
    await remove(town, 3);
    await eventually(
      'it is marked as deleted',
      async () => (await town.ofUser('Users', 3))?.['deleted'] === true,
    );
    expect(await town.ofUser('OrganizationUsers', 3)).toBeNull();
    expect(service.logged('is left out')).toEqual([]);
    expect((await town.command('featbit:seed')).code).toBe(0);
    expect(await town.find('Users', { _id: featbitId('tester') })).toMatchObject([{ name: 'tester' }]);
  });

  test('FB-21 two users with one e-mail do not collide, and each is there', async () => {
    await using town = await openTown();
    await insert(town, [
      ...users(1, 3),
      ...users(4, 4, { phone: { number: '+254700000003' } }),
      ...users(5, 5, { phone: { number: '254 700 000 003' } }),
    ]);
    await using service = await town.start();
    await eventually('all are there', async () => (await numbersIn(town, 'Users')).length === 5);
    const emails = async () => (await town.find('Users', { lockstep: true })).map(({ email }) => email);
    expect(new Set(await emails()).size).toBe(5);
    expect(await town.ofUser('Users', 3)).toMatchObject({ email: '254700000003@bitsacco.com' });
    const seeded = await town.command('featbit:seed');
    expect(seeded.code).toBe(0);
    await change(town, 3, { phone: { number: '1' } });
    await eventually('the next has it', async () => (await emails()).includes('254700000003@bitsacco.com'));
    expect(new Set(await emails()).size).toBe(5);
    await service.stop();
  });

  test('FB-15 memberships that FeatBit’s own migration to 5.4.0 made are replaced by ours', async () => {
    await using town = await openTown({ version: 'before 5.4.0' });
    await insert(town, users(1, 5));
    {
      await using service = await town.start();
      await service.stop();
    }
    const { db } = town.featbit;
    await db.collection('WorkspaceUsers').createIndex({ workspaceId: 1, userId: 1 }, { unique: true });
    for (const { _id: userId, workspaceId } of await town.find('Users'))
      await db
        .collection<Document>('WorkspaceUsers')
        .insertMany([{ _id: otherId(`migrated ${userId}`), workspaceId, userId }] as never);
    await db.collection('Users').updateMany({}, { $unset: { workspaceId: '' } });
    await using service = await town.start();
    await eventually('they are ours', async () => (await numbersIn(town, 'WorkspaceUsers')).length === 5);
    expect(await db.collection('WorkspaceUsers').countDocuments()).toBe(6);
    await service.stop();
  });
});
