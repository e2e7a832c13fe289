import { type Collection, type Db, MongoClient } from 'mongodb';
import { expect, test, vi } from 'vitest';
import {
  decodePosition,
  encodePosition,
  type StreamPosition,
} from '../../src/connectors/mongodb/position.ts';
import type { FeedItem } from '../../src/protocol/feed.ts';
import { type MongoServer, startMongo } from '../../tools/servers/mongo.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { captured, type Following, follow, headOf, openFeed } from './follow.ts';
import { overwriteLog, smallLog } from './log.ts';

vi.setConfig({ testTimeout: 90_000 });

interface Numbered {
  readonly _id: number | string;
  readonly v?: unknown;
}

const collections = captured('t');
const int = (value: number): string => `{"$numberInt":"${value}"}`;

const named = ({ url }: MongoServer, database: string): string => {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.toString();
};

/** Of change streams on the database, waiting or at work. */
async function cursorsOf({ databaseName, client }: Db): Promise<readonly unknown[]> {
  const ns = { $in: [`${databaseName}.$cmd`, `${databaseName}.$cmd.aggregate`] };
  const stages = [
    { $currentOp: { idleCursors: true } },
    { $match: { ns, 'cursor.cursorId': { $exists: true } } },
  ];
  const found = client
    .db('admin')
    .aggregate<{ readonly cursor: { readonly cursorId: unknown } }>(stages, { promoteLongs: false });
  return (await found.toArray()).map(({ cursor }) => cursor.cursorId);
}

test('a cursor that somebody kills is opened again where it was, and nobody notices', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const t = database.db.collection<Numbered>('t');
  await t.insertOne({ _id: -1 });
  await using following = follow(feed, { from: await headOf(feed), collections });
  await following.caughtUp();
  const before = following.changes.length;
  for (let round = 0; round < 3; round += 1) {
    await t.insertOne({ _id: round });
    await following.caughtUp();
    const cursors = await cursorsOf(database.db);
    expect(cursors.length).toBeGreaterThan(0);
    await database.db.command({ killCursors: '$cmd.aggregate', cursors });
  }
  await t.insertOne({ _id: 3 });
  await following.caughtUp();
  const keys = following.changes.slice(before).map(({ key }) => key);
  expect(keys).toEqual([int(0), int(1), int(2), int(3)]);
  expect(following.story).not.toContain('gap');
});

test('a server that crashes ends the stream with trouble that passes; from the last boundary the rest is told', async () => {
  await using server = await startMongo();
  await using feed = await openFeed(named(server, 'shop'));
  await using client = new MongoClient(server.url);
  const t = client.db('shop').collection<Numbered>('t');
  const majority = { writeConcern: { w: 'majority', j: true } } as const;
  await t.insertOne({ _id: 0 }, majority);
  const from = await headOf(feed);
  await using following = follow(feed, { from, collections });
  await t.insertOne({ _id: 1 }, majority);
  await following.caughtUp();
  await server.kill();
  await expect(following.until('it ends', () => false)).rejects.toMatchObject({ class: 'transient' });
  await server.start();
  await t.insertOne({ _id: 2 }, majority);
  await using again = follow(feed, { from: following.boundary, collections });
  await again.caughtUp();
  expect(again.changes.map(({ key }) => key)).toEqual([int(2)]);
  expect(again.story).not.toContain('gap');
});

test('a log that does not reach back so far is a gap, for who comes back and for who was too slow', async () => {
  await using server = await startMongo(smallLog);
  await using feed = await openFeed(named(server, 'shop'));
  await using client = new MongoClient(server.url);
  const t = client.db('shop').collection<Numbered>('t');
  await t.insertOne({ _id: 0 });
  const from = await headOf(feed);
  // Opened, and read no further.
  const slow = feed.open(new Map([['main', from]]), {
    collections,
    byteBudget: 1,
    signal: AbortSignal.timeout(60_000),
  });
  const reading = slow[Symbol.asyncIterator]();
  await t.insertOne({ _id: 1 });
  expect(await reading.next()).toMatchObject({ value: { kind: 'batch' } });
  await overwriteLog(client);
  await using late = follow(feed, { from, collections });
  await late.until('a gap', ({ story }) => story.includes('gap'));
  const [gap] = late.items;
  expect(gap).toMatchObject({ gap: { from, reason: expect.stringContaining('does not reach back') } });
  await t.insertOne({ _id: 'after' });
  await late.caughtUp();
  expect(late.changes.at(-1)).toMatchObject({ kind: 'insert', key: '"after"' });
  // Whoever reads no further has asked for what comes next all the same: by now that is answered, and out of date.
  await overwriteLog(client);
  let told: IteratorResult<FeedItem>;
  do told = await reading.next();
  while (told.done !== true && told.value.kind !== 'gap');
  expect(told.value).toMatchObject({
    gap: { reason: expect.stringMatching(/overwritten while it was read|does not reach back/) },
  });
  await reading.return?.(undefined);
});

test('a log that is overwritten under a cursor is a gap that says so, and what comes then is told', async () => {
  await using server = await startMongo({ arguments: ['--setParameter', 'enableTestCommands=1'] });
  await using feed = await openFeed(named(server, 'shop'));
  await using client = new MongoClient(server.url);
  const t = client.db('shop').collection<Numbered>('t');
  await t.insertOne({ _id: 0 });
  await using following = follow(feed, { from: await headOf(feed), collections });
  await following.caughtUp();
  await client.db('admin').command({
    configureFailPoint: 'failCommand',
    mode: { times: 1 },
    data: { failCommands: ['getMore'], appName: 'lockstep', errorCode: 136 },
  });
  await following.until('a gap', ({ story }) => story.includes('gap'));
  expect(following.items.find(({ kind }) => kind === 'gap')).toMatchObject({
    gap: { reason: expect.stringContaining('overwritten while it was read') },
  });
  await t.insertOne({ _id: 1 });
  await following.caughtUp();
  expect(following.changes.at(-1)).toMatchObject({ kind: 'insert', key: int(1) });
});

test('positions of another deployment, ahead of the log, or of a history that was left are gaps at once', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const t = database.db.collection<Numbered>('t');
  await t.insertOne({ _id: 0 });
  const here = decodePosition(await headOf(feed));
  await using following = follow(feed, { from: encodePosition(here), collections });
  const { token, time } = await afterChange(t, following);
  const strange = [
    [{ ...here, identity: `another/${database.name}` }, 'another deployment'],
    [{ ...here, time: `ffff${time.slice(4)}` }, 'restored from an older copy'],
    [{ ...here, token: alien(token) }, 'another history'],
  ] as const;
  for (const [position, reason] of strange) {
    const from = encodePosition(position);
    await using lost = follow(feed, { from, collections });
    await lost.until('a gap', ({ story }) => story.includes('gap'));
    expect(lost.items[0]).toMatchObject({
      kind: 'gap',
      gap: { from, reason: expect.stringContaining(reason) },
    });
    await t.insertOne({ _id: reason });
    await lost.caughtUp();
    expect(lost.changes.at(-1)).toMatchObject({ key: JSON.stringify(reason) });
  }
});

/** A position that names a key. The server may tell a boundary of its own with a change, which names none: then another change is made. */
async function afterChange(t: Collection<Numbered>, following: Following): Promise<StreamPosition> {
  for (let _id = 1; _id < 60; _id += 1) {
    await t.insertOne({ _id });
    await following.caughtUp();
    for (const item of following.items) {
      if (item.kind !== 'batch' || item.changes.length === 0 || item.boundary === null) continue;
      const position = decodePosition(item.boundary);
      if (keyed.test(Buffer.from(position.token ?? []).toString('latin1'))) return position;
    }
  }
  throw new Error('no token has a key');
}

/** The key of an event: a small number as the server spells it, and what follows a key. */
const keyed = /2B[0-7][0-9A-F](?=0004)/;

/** A token of an event that never was: its key is another. */
function alien(token: Uint8Array | null): Uint8Array {
  return Buffer.from(
    Buffer.from(token ?? [])
      .toString('latin1')
      .replace(keyed, (key) => (key === '2B7E' ? '2B7C' : '2B7E')),
    'latin1',
  );
}

test('events that are too large are told by their keys, or are a gap, and what comes behind them is told whole', async () => {
  await using server = await startMongo();
  await using client = new MongoClient(server.url);
  await using feed = await openFeed(named(server, 'shop'));
  const t = client.db('shop').collection<Numbered>('t');
  await t.insertOne({ _id: 1 });
  await using following = follow(feed, { from: await headOf(feed), collections });
  const ofText = () => following.changes.filter(({ key }) => key.startsWith('"k'));
  // An id stands in the document and in the key, and twice as long in the token, which a reply holds once more.
  await t.insertOne({ _id: 'k'.repeat(3_000_000) });
  await following.caughtUp();
  expect(ofText().map(({ kind }) => kind)).toEqual(['touch']);
  /** The next ones may be told by their keys too. */
  const untilWhole = async (from: number): Promise<void> => {
    for (let _id = from; following.changes.at(-1)?.kind !== 'insert'; _id += 1) {
      expect(_id - from, 'told by their keys').toBeLessThan(30);
      await t.insertOne({ _id });
      await following.caughtUp();
    }
  };
  await untilWhole(100);
  await t.insertOne({ _id: 'k'.repeat(5_000_000) });
  await following.until('a gap', ({ story }) => story.includes('gap'));
  await t.insertOne({ _id: 2 });
  await following.caughtUp();
  await untilWhole(300);
  expect(ofText()).toHaveLength(1);
});
