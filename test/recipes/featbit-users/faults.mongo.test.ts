import { MongoClient } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { idOfNumber } from '../../../src/recipes/featbit-users/demo/bitsacco.ts';
import { startMongo } from '../../../tools/servers/mongo.ts';
import { createMongoDatabase } from '../../support/mongo.ts';
import { eventually } from '../support/eventually.ts';
import { change, insert, numbersIn, remove, users } from './support/people.ts';
import { openTown } from './support/town.ts';

describe('faults', { timeout: 90_000 }, () => {
  test('FB-33 a wrong or empty namespace is told loudly, and removes nobody', async () => {
    await using town = await openTown();
    await insert(town, users(1, 5));
    expect((await town.command('featbit:seed')).code).toBe(0);
    for (const env of [
      { BITSACCO_USERS_COLLECTION: 'users' },
      { BITSACCO_DATABASE: `${town.bitsacco.name}x` },
    ])
      for (const command of ['featbit-users check', 'featbit:sync']) {
        const { code, answer, stdout } = await town.command(command, env);
        expect(code, command).toBe(3);
        expect(`${stdout}${answer.error?.message}`).toContain('collection-unknown');
      }
    await town.bitsacco.db.createCollection('people');
    await using service = town.begin({ BITSACCO_USERS_COLLECTION: 'people' });
    await service.says('holds no document');
    await service.says('Too many users would be marked as deleted');
    expect(await numbersIn(town, 'Users')).toHaveLength(5);
  });

  test('FB-34 wrong credentials and a missing authSource are told as such', async () => {
    await using town = await openTown();
    await using server = await startMongo({ auth: true });
    {
      await using client = new MongoClient(server.url);
      await client
        .db('admin')
        .command({ createUser: 'reader', pwd: 'word-of-reader', roles: ['readAnyDatabase'] });
    }
    const urlWith = (password: string, path: string) =>
      `mongodb://reader:${password}@127.0.0.1:${server.port}${path}`;
    for (const name of ['BITSACCO_DATABASE_URL', 'FEATBIT_DATABASE_URL'])
      for (const url of [urlWith('wrong-word', '/?authSource=admin'), urlWith('word-of-reader', '/test')]) {
        const { code, answer, stdout, stderr } = await town.command('featbit:sync', { [name]: url });
        expect(code, name).toBe(4);
        expect(answer.error, name).toMatchObject({
          code: 'authentication-failed',
          cure: expect.stringContaining('authSource'),
        });
        expect(`${stdout}${stderr}`).not.toMatch(/wrong-word|word-of-reader/);
      }
    const right = { BITSACCO_DATABASE_URL: urlWith('word-of-reader', '/test?authSource=admin') };
    const { answer } = await town.command('featbit:sync', right);
    expect(answer.error?.message).toContain('collection-unknown');
  });

  test('FB-39 with `read` on Bitsacco’s database and `readWrite` on FeatBit’s everything works, from the first start on', async () => {
    await using server = await startMongo({ auth: true });
    await using town = await openTown({ bitsaccoServer: server.url, featbitServer: server.url });
    await insert(town, users(1, 5, { roles: [1] }));
    const urlOf = async (user: string, role: string, db: string): Promise<string> => {
      await using client = new MongoClient(server.url);
      await client.db('admin').command({ createUser: user, pwd: 'word', roles: [{ role, db }] });
      return server.urlFor({ user, password: 'word', options: 'authSource=admin' });
    };
    const env = {
      BITSACCO_DATABASE_URL: await urlOf('reader', 'read', town.bitsacco.name),
      FEATBIT_DATABASE_URL: await urlOf('writer', 'readWrite', town.featbit.name),
    };
    const checked = await town.command('featbit-users check', env);
    expect(checked.answer.error).toBeUndefined();
    expect(checked.code).toBe(0);
    {
      await using service = await town.start(env);
      await insert(town, users(6, 6));
      await service.says(`Added new user ${idOfNumber(6)} to FeatBit`);
      await remove(town, 2);
      await service.says(`Marked user ${idOfNumber(2)} as deleted in FeatBit`);
      await service.stop();
    }
    expect((await town.command('featbit:seed', env)).code).toBe(0);
    expect(await numbersIn(town, 'Users')).toEqual([1, 3, 4, 5, 6]);
    const cleaned = await town.command('featbit:clean', env);
    expect(cleaned.answer.result).toMatchObject({ state: { left: [] } });
    expect(cleaned.code).toBe(0);
  });

  test('FB-35 without a replica set check and start say so and name poll, by which all works', async () => {
    await using server = await startMongo({ standalone: true });
    await using alone = await createMongoDatabase({ serverUrl: server.url });
    await using town = await openTown({
      env: { BITSACCO_DATABASE_URL: server.url, BITSACCO_DATABASE: alone.name },
    });
    const away = { ...town, bitsacco: alone };
    await insert(away, users(1, 5));
    for (const command of ['featbit-users check', 'featbit:sync']) {
      const { code, answer } = await town.command(command);
      expect(code, command).toBe(3);
      expect(answer.error?.message, command).toContain('standalone server');
      expect(answer.error?.message, command).toContain('FEATBIT_CAPTURE=poll');
    }
    await using service = await town.start({ FEATBIT_CAPTURE: 'poll', FEATBIT_POLL_SECONDS: '1' });
    await eventually('all are there', async () => (await numbersIn(town, 'Users')).length === 5);
    await insert(away, users(6, 6));
    await change(away, 1, { 'profile.name': 'changed' });
    await remove(away, 2);
    await eventually('all is followed', async () => {
      const numbers = await numbersIn(town, 'Users');
      return numbers.join() === '1,3,4,5,6' && (await town.ofUser('Users', 1))?.['name'] === 'changed';
    });
    await service.says('Marked user 00000000-0000-4000-8000-000000000002 as deleted in FeatBit');
    const target = { FEATBIT_DATABASE_URL: server.url, FEATBIT_CAPTURE: 'poll' };
    const { code, answer } = await town.command('featbit-users check', target);
    expect(code).toBe(3);
    expect(answer.error?.message).toContain('(FeatBit) is a standalone server');
  });

  test('FB-37 what is done to the collection itself is told, and removes nobody unasked', async () => {
    await using town = await openTown();
    await insert(town, users(1, 5));
    await using service = await town.start();
    await town.bitsacco.db.collection('usersdocuments').drop();
    await service.says('Unhandled operation type: drop');
    await insert(town, users(1, 6));
    await service.says('Added new user 00000000-0000-4000-8000-000000000006 to FeatBit');
    expect(await numbersIn(town, 'Users')).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
