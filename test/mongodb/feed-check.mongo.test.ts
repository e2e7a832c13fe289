import { MongoClient } from 'mongodb';
import { expect, test, vi } from 'vitest';
import type { FeedCollection } from '../../src/protocol/feed.ts';
import { startMongo } from '../../tools/servers/mongo.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { captured, openFeed, signal } from './follow.ts';
import { overwriteLog, smallLog } from './log.ts';
import { findingsOf, openMongoPair } from './pair.ts';

vi.setConfig({ testTimeout: 60_000 });

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
    const { reachesBackMs } = await feed.retained({ signal });
    return { findings, isKept, word: await feed.recall({ signal }), reachesBackMs };
  };
  const hidden = { level: 'info', code: 'mongodb-log-window-unknown' };
  expect(await checked('one')).toMatchObject({
    findings: [
      { level: 'error', subject: 'source', message: expect.stringContaining('changeStream on from.*') },
      hidden,
      { level: 'info', code: 'mongodb-restore-unnoticed' },
    ],
    isKept: false,
    word: null,
  });
  expect(await checked('reads')).toMatchObject({
    findings: [
      hidden,
      { code: 'mongodb-updates-read' },
      { level: 'info', code: 'mongodb-restore-unnoticed' },
    ],
    isKept: false,
    word: null,
  });
  expect(await checked('writes')).toMatchObject({
    findings: [hidden, { code: 'mongodb-updates-read' }],
    isKept: true,
    word: 'word',
    reachesBackMs: null,
  });
  await admin.command({ grantRolesToUser: 'writes', roles: [{ role: 'clusterMonitor', db: 'admin' }] });
  const seeing = await checked('writes');
  expect(seeing).toMatchObject({
    findings: [{ level: 'info', code: 'mongodb-log-window' }, { code: 'mongodb-updates-read' }],
    reachesBackMs: expect.any(Number),
  });
  expect(seeing.findings[0]?.message).toMatch(/reaches back \d+ min, and is not full yet/);
});

test('a log that reaches back less than an hour once it is full is a warning, unless it is kept for longer', async () => {
  await using server = await startMongo(smallLog);
  await using client = new MongoClient(server.url);
  await client.db('from').collection('t').insertOne({ v: 1 });
  await using feed = await openFeed(named(server.url, 'from'));
  const windowNow = async () => {
    const findings = await feed.check({ collections, signal });
    return findings.find(({ code }) => code === 'mongodb-log-window');
  };
  expect(await windowNow()).toMatchObject({
    level: 'info',
    message: expect.stringContaining('not full yet'),
  });
  await overwriteLog(client);
  expect(await windowNow()).toMatchObject({
    level: 'warning',
    message: expect.stringContaining('back 0 min:'),
  });
  const { reachesBackMs } = await feed.retained({ signal });
  expect(reachesBackMs).toBeGreaterThanOrEqual(0);
  await client.db('admin').command({ replSetResizeOplog: 1, size: 990, minRetentionHours: 24 });
  expect(await windowNow()).toMatchObject({
    level: 'info',
    message: expect.stringContaining('kept for 24 h at least'),
  });
});

test('which changes cost a read each, and whether post-images would spare it, is told as it is', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const images = { changeStreamPreAndPostImages: { enabled: true } };
  await database.db.createCollection('kept', images);
  await database.db.createCollection('usual');
  const told = async (...of: readonly FeedCollection[]) => {
    const findings = await feed.check({ collections: of, signal });
    return findings
      .filter(({ code }) => code === 'mongodb-updates-read')
      .map(({ message, cure }) => `${message} ${cure}`);
  };
  const [kept, usual] = captured('kept', 'usual');
  if (kept === undefined || usual === undefined) throw new Error('nothing is captured');
  expect(await told(kept)).toEqual([]);
  expect(await told(kept, usual)).toEqual([
    expect.stringMatching(/^usual: .* an update by its key only, .*collMod: "usual", changeStreamPreAnd/),
  ]);
  expect(await told({ ...kept, columns: null })).toEqual([
    expect.stringMatching(/^kept: .* an insert or update by its key .* would not spare .*kept are not used/),
  ]);
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
