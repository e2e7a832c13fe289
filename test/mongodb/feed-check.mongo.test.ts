import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { startMongo } from '../../tools/servers/mongo.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { captured, openFeed, signal } from './follow.ts';
import { findingsOf, openMongoPair } from './pair.ts';

const collections = captured('t');

const named = (url: string, database: string): string => {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.toString();
};

test('a standalone server has no changes to follow: said with what works without', async () => {
  await using standalone = await startMongo({ standalone: true });
  await using client = new MongoClient(standalone.url);
  await client.db('from').collection('t').insertOne({ v: 1 });
  await using pair = await openMongoPair();
  const source = { connector: 'mongodb', url: named(standalone.url, 'from') } as const;
  const engine = await pair.engine({ mode: 'live', collections: ['t'], create: true }, { source });
  expect(await findingsOf(engine)).toContainEqual(
    expect.objectContaining({
      level: 'error',
      code: 'mongodb-standalone',
      subject: 'source',
      message: expect.stringContaining("capture: { kind: 'poll' }"),
    }),
  );
});

test('the right to follow the database is asked for by name, and a source that can’t be written is told', async () => {
  await using server = await startMongo({ auth: true });
  await using client = new MongoClient(server.url);
  await client.db('from').collection('t').insertOne({ v: 1 });
  const admin = client.db('admin');
  const find = { resource: { db: 'from', collection: 't' }, actions: ['find', 'collStats', 'changeStream'] };
  await admin.command({ createRole: 'one', privileges: [find], roles: [] });
  await admin.command({ createUser: 'one', pwd: 'geheim', roles: ['one'] });
  await admin.command({ createUser: 'reads', pwd: 'geheim', roles: [{ role: 'read', db: 'from' }] });
  await admin.command({ createUser: 'writes', pwd: 'geheim', roles: [{ role: 'readWrite', db: 'from' }] });
  const checked = async (user: string) => {
    const url = named(server.urlFor({ user, password: 'geheim', options: 'authSource=admin' }), 'from');
    await using feed = await openFeed(url);
    const findings = await feed.check({ collections, signal });
    const isKept = await feed.remember('word', { signal });
    return { findings, isKept, word: await feed.recall({ signal }) };
  };
  expect(await checked('one')).toMatchObject({
    findings: [
      { level: 'error', subject: 'source', message: expect.stringContaining('changeStream on from.*') },
      { level: 'info', code: 'mongodb-restore-unnoticed' },
    ],
    isKept: false,
    word: null,
  });
  expect(await checked('reads')).toMatchObject({
    findings: [{ level: 'info', code: 'mongodb-restore-unnoticed' }],
    isKept: false,
    word: null,
  });
  expect(await checked('writes')).toEqual({ findings: [], isKept: true, word: 'word' });
});

test('a word is kept at the source, and nothing is left of it when the pipeline is removed', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  expect(await feed.recall({ signal })).toBeNull();
  expect(await feed.remember('one', { signal })).toBe(true);
  expect(await feed.remember('two', { signal })).toBe(true);
  expect(await feed.recall({ signal })).toBe('two');
  expect(await feed.remove({ collections, signal })).toHaveLength(2);
  expect(await database.db.listCollections().toArray()).toEqual([]);
  expect(await feed.remove({ collections, signal })).toEqual([]);
});
