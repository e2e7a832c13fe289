import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { createLockstep } from '../../../src/index.ts';
import { startMongo } from '../../../tools/servers/mongo.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { findingsOf } from '../pair.ts';
import { numbered, put } from './swapping.ts';

test('`check` asks for the rights that a generation needs of its database, and with these it comes in and goes back', async () => {
  await using server = await startMongo({ auth: true });
  await using client = new MongoClient(server.url);
  await using directory = await temporaryDirectory();
  const [from, into, admin] = [client.db('from'), client.db('into'), client.db('admin')];
  await put(from, 't', numbered(6_000, 'new'));
  await put(into, 't', numbered(6_000, 'old'));
  const writing = ['find', 'insert', 'update', 'remove', 'collStats', 'listIndexes'];
  const privileges = ['t', 'lockstep_state'].map((collection) => ({
    resource: { db: 'into', collection },
    actions: writing,
  }));
  const seeing = { resource: { db: 'into', collection: '' }, actions: ['listCollections'] };
  await into.command({ createRole: 'two', privileges: [...privileges, seeing], roles: [] });
  const users = {
    few: [{ role: 'two', db: 'into' }],
    usual: [{ role: 'readWrite', db: 'into' }],
    all: [
      { role: 'readWrite', db: 'into' },
      { role: 'dbAdmin', db: 'into' },
    ],
  };
  const engineOf = async (user: keyof typeof users, by: 'staged' | 'direct' = 'staged') => {
    const url = server.urlFor({ user, password: 'geheim', options: 'authSource=admin' });
    const pipeline = {
      source: { connector: 'mongodb', url: inDatabase(server.url, 'from') },
      destination: { connector: 'mongodb', url: inDatabase(url, 'into') },
      collections: { t: { scope: 'all' } },
      refresh: { by },
    } as const;
    return await createLockstep({ pipelines: { it: pipeline } }, { directory: directory.path, env: {} });
  };
  for (const [createUser, roles] of Object.entries(users))
    await admin.command({ createUser, pwd: 'geheim', roles });
  const denied = (what: string) => ({
    level: 'error',
    code: 'permission-denied',
    subject: 'destination',
    message: expect.stringContaining(what),
  });
  {
    await using few = await engineOf('few');
    const wanted =
      'createCollection, dropCollection, createIndex, renameCollectionSameDB, changeStream on into.*';
    expect(await findingsOf(few)).toMatchObject([denied(wanted)]);
    await using direct = await engineOf('few', 'direct');
    expect(await findingsOf(direct)).toEqual([]);
  }
  {
    await using usual = await engineOf('usual');
    expect(await findingsOf(usual)).toEqual([]);
    expect(await usual.run('it')).toMatchObject({ result: 'equal' });
    await usual.rollBackGeneration('it');
    expect(await into.collection('t').countDocuments({ v: /^old/ })).toBe(6_000);
    await usual.resume('it', { yes: true });
  }
  for (const db of [from, into]) await db.command({ collMod: 't', validator: { v: { $type: 'string' } } });
  await using usual = await engineOf('usual');
  expect(await findingsOf(usual)).toMatchObject([
    { ...denied('collMod on into.*'), cure: expect.stringContaining('dbAdmin') },
  ]);
  await using all = await engineOf('all');
  expect(await findingsOf(all)).toEqual([]);
  expect(await all.run('it')).toMatchObject({ result: 'equal' });
});

function inDatabase(url: string, database: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.toString();
}
