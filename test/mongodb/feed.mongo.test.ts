import { BSON } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { createMongoDatabase } from '../support/mongo.ts';
import { everyId } from './documents.ts';
import { captured, follow, headOf, openFeed, shardOf } from './follow.ts';

vi.setConfig({ testTimeout: 90_000 });

interface Numbered {
  readonly _id: number;
  readonly v?: unknown;
}

const int = (value: number): string => `{"$numberInt":"${value}"}`;
const numbered = (count: number, from = 0): Numbered[] =>
  Array.from({ length: count }, (_, index) => ({ _id: from + index }));

test('what happens to documents is told in its order, with the documents where they were told', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const t = database.db.collection<Numbered>('t');
  await using following = follow(feed, { from: await headOf(feed), collections: captured('t') });
  await t.insertMany([{ _id: 1, v: 1 }, { _id: 2 }]);
  await t.replaceOne({ _id: 1 }, { v: 2 });
  await t.updateOne({ _id: 1 }, { $set: { v: 3 } });
  await t.deleteOne({ _id: 2 });
  await database.db.collection('other').insertOne({ v: 1 });
  await following.caughtUp();
  const told = following.changes.map(({ kind, key }) => [kind, key]);
  expect(told).toEqual([
    ['insert', int(1)],
    ['insert', int(2)],
    ['update', int(1)],
    ['touch', int(1)],
    ['delete', int(2)],
  ]);
  const rows = following.changes.flatMap((change) => ('row' in change ? [change.row['$$ROOT']] : []));
  const documents = rows.map((row) => BSON.deserialize(row as Uint8Array));
  expect(documents).toEqual([{ _id: 1, v: 1 }, { _id: 2 }, { _id: 1, v: 2 }]);
  expect(
    following.changes.every(({ meta }) => Math.abs(Date.now() - (meta.committedAtMs ?? 0)) < 60_000),
  ).toBe(true);
});

test('a boundary is never within a transaction, however large, and from each of them the rest is told', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const { client } = database.db;
  const [t, u] = [database.db.collection<Numbered>('t'), database.db.collection<Numbered>('u')];
  await t.insertOne({ _id: -1 });
  await u.insertOne({ _id: -1 });
  const collections = captured('t', 'u');
  const from = await headOf(feed);
  await using following = follow(feed, { from, collections, byteBudget: 65_536 });
  await using session = client.startSession();
  for (const [size, start] of [
    [3, 0],
    [1_200, 1_000],
    [2, 10_000],
  ] as const) {
    await session.withTransaction(async () => {
      await t.insertMany(numbered(size, start), { session });
      await u.insertMany(numbered(size, start), { session });
    });
    await following.caughtUp();
  }
  await t.insertOne({ _id: 20_000 });
  await following.caughtUp();
  const ends = new Set([0, 6, 2_406, 2_410, 2_411]);
  let told = 0;
  const boundaries: [string, number][] = [];
  expect(following.changes).toHaveLength(2_411);
  for (const item of following.items) {
    if (item.kind !== 'batch') throw new Error(`a ${item.kind} was told`);
    told += item.changes.length;
    expect(item.changes.length).toBeLessThanOrEqual(2_000);
    if (item.boundary === null) continue;
    expect(ends.has(told), `a boundary after ${told} changes`).toBe(true);
    if (boundaries.at(-1)?.[1] !== told) boundaries.push([item.boundary, told]);
  }
  expect(boundaries.map(([, count]) => count).filter((count) => count > 0)).toEqual([6, 2_406, 2_410, 2_411]);
  const keys = following.changes.map(({ collection, key }) => `${collection} ${key}`);
  for (const [boundary, count] of boundaries) {
    await using rest = follow(feed, { from: boundary, collections });
    await rest.caughtUp();
    expect(rest.changes.map(({ collection, key }) => `${collection} ${key}`)).toEqual(keys.slice(count));
  }
});

test('from behind an event of a collection that is captured no more the others go on', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const [t, u] = [database.db.collection<Numbered>('t'), database.db.collection<Numbered>('u')];
  await using both = follow(feed, { from: await headOf(feed), collections: captured('t', 'u') });
  await t.insertOne({ _id: 1 });
  await both.caughtUp();
  await u.insertOne({ _id: 2 });
  const behindT = both.items.find((item) => item.kind === 'batch' && item.changes.length > 0);
  if (behindT?.kind !== 'batch' || behindT.boundary === null) throw new Error('there is no boundary');
  for (const [names, story] of [
    [['u'], [`insert u ${int(2)}`, '|']],
    [
      ['u', 'new'],
      [`insert u ${int(2)}`, '|'],
    ],
    [['new'], []],
  ] as const) {
    await using fewer = follow(feed, { from: behindT.boundary, collections: captured(...names) });
    await fewer.caughtUp();
    expect(fewer.story).toEqual(story);
  }
  // What comes first may come long after it was resumed.
  await using fewer = follow(feed, { from: behindT.boundary, collections: captured('new') });
  for (let reply = 0; reply < 2; reply += 1) {
    await database.db.collection('other').insertOne({ reply });
    await fewer.caughtUp();
  }
  await database.db.collection<Numbered>('new').insertOne({ _id: 3 });
  await fewer.caughtUp();
  expect(fewer.story).toEqual([`insert new ${int(3)}`, '|']);
});

test('positions move on while nothing happens to what is captured, and are in order', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const from = await headOf(feed);
  await using following = follow(feed, { from, collections: captured('t') });
  const boundaries: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    await database.db.collection('other').insertOne({ round });
    await following.caughtUp();
    boundaries.push(following.boundary);
  }
  expect(following.changes).toEqual([]);
  const [first = '', second = '', third = ''] = boundaries;
  const shard = shardOf(following);
  expect([feed.order(shard, from, first), feed.order(shard, first, second)]).toEqual(['before', 'before']);
  expect([feed.order(shard, third, second), feed.order(shard, third, third)]).toEqual(['after', 'same']);
});

test('keys are spelled as reading spells them, whatever their type; fields and collections have any name', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const name = 'a.b ä';
  await database.db.createCollection(name);
  await using following = follow(feed, { from: await headOf(feed), collections: captured(name) });
  const documents = everyId.map(
    (id, index) =>
      new Map<string, unknown>([
        ['_id', id],
        ['x.y', index],
        ['$set', { a: 1 }],
        ['10', null],
      ]),
  );
  await database.db.command({ insert: name, documents });
  await following.caughtUp();
  const stored = new Set<string>();
  for await (const document of database.db.collection(name).find({}, { raw: true })) {
    if (!(document instanceof Uint8Array))
      throw new Error('the driver parsed what it was asked for as bytes');
    stored.add(Buffer.from(document).toString('hex'));
  }
  const rows = following.changes.map((change) => ('row' in change ? change.row : {}));
  const bytes = rows.map((row) => Buffer.from(row['$$ROOT'] as Uint8Array).toString('hex'));
  expect(new Set(bytes)).toEqual(stored);
  expect(new Set(following.changes.map(({ key }) => key)).size).toBe(everyId.length);
  await database.db.collection(name).deleteMany({});
  await following.caughtUp();
  const deleted = following.changes.slice(everyId.length).map(({ kind, key }) => `${kind} ${key}`);
  expect(new Set(deleted)).toEqual(new Set(rows.map((row) => `delete ${row['_id']}`)));
});

test('documents as they were after an update come with it where the collection keeps them', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  await database.db.createCollection('t', { changeStreamPreAndPostImages: { enabled: true } });
  const t = database.db.collection<Numbered>('t');
  await using following = follow(feed, { from: await headOf(feed), collections: captured('t') });
  await t.insertOne({ _id: 1, v: 1 });
  await t.updateOne({ _id: 1 }, { $set: { v: 2 } });
  await t.updateOne({ _id: 1 }, { $set: { v: 3 } });
  await following.caughtUp();
  const told = following.changes.map((change) => [
    change.kind,
    'row' in change ? BSON.deserialize(change.row['$$ROOT'] as Uint8Array)['v'] : null,
  ]);
  expect(told).toEqual([
    ['insert', 1],
    ['update', 2],
    ['update', 3],
  ]);
});

test('of a collection whose keys are enough no document leaves the source', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const [whole] = captured('whole');
  const [keys] = captured('keys');
  if (whole === undefined || keys === undefined) throw new Error('nothing is captured');
  const collections = [whole, { ...keys, columns: null }];
  await database.db.createCollection('keys');
  await using following = follow(feed, { from: await headOf(feed), collections });
  await database.db.collection<Numbered>('keys').insertOne({ _id: 1, v: 'x'.repeat(10_000) });
  await database.db.collection<Numbered>('whole').insertOne({ _id: 1, v: 1 });
  await database.db.collection<Numbered>('keys').deleteOne({ _id: 1 });
  await following.caughtUp();
  expect(following.changes.map(({ kind, collection }) => `${kind} ${collection}`)).toEqual([
    'touch keys',
    'insert whole',
    'delete keys',
  ]);
  const bytes = following.items.reduce((sum, item) => sum + (item.kind === 'batch' ? item.bytes : 0), 0);
  expect(bytes).toBeLessThan(5_000);
});
