import { expect, test } from 'vitest';
import { createMongoDatabase } from '../support/mongo.ts';
import { captured, follow, headOf, openFeed } from './follow.ts';

interface Numbered {
  readonly _id: number;
}

test('what happens to collections as a whole is a barrier for those that are captured, and for no others', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const { db } = database;
  await db.collection<Numbered>('t').insertOne({ _id: 0 });
  await using following = follow(feed, { from: await headOf(feed), collections: captured('t', 'u') });
  await db.collection('t').drop();
  await db.collection<Numbered>('t').insertOne({ _id: 1 });
  await db.collection('t').rename('away');
  await db.collection<Numbered>('staged').insertOne({ _id: 2 });
  await db.collection('staged').rename('t');
  await db.collection<Numbered>('staged').insertOne({ _id: 3 });
  await db.collection('staged').rename('t', { dropTarget: true });
  await db.collection('t').rename('u');
  await db.collection('other').insertOne({});
  await db.collection('other').drop();
  await following.caughtUp();
  expect(following.story.filter((each) => each !== '|')).toEqual([
    'truncate t',
    'insert t {"$numberInt":"1"}',
    'truncate t',
    'truncate t',
    'truncate t',
    'truncate t+u',
  ]);
  const details = following.items.flatMap((item) => (item.kind === 'barrier' ? [item.event.detail] : []));
  expect(details).toEqual([
    't was dropped at the source',
    't was renamed to away at the source',
    'staged was renamed to t at the source',
    'staged was renamed to t at the source',
    't was renamed to u at the source',
  ]);
});

test('what an aggregation puts in place of a collection is a barrier', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const { db } = database;
  await db.collection<Numbered>('from').insertMany([{ _id: 1 }, { _id: 2 }]);
  await using following = follow(feed, { from: await headOf(feed), collections: captured('t') });
  await db
    .collection('from')
    .aggregate([{ $out: 't' }])
    .toArray();
  await following.caughtUp();
  expect(following.story).toEqual(['truncate t']);
});

test('to be created says nothing, and to become capped is to be replaced', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const { db } = database;
  await using following = follow(feed, { from: await headOf(feed), collections: captured('t') });
  await db.createCollection('t');
  await db.collection<Numbered>('t').insertOne({ _id: 1 });
  await db.command({ convertToCapped: 't', size: 4096 });
  await following.caughtUp();
  expect(following.story).toEqual(['insert t {"$numberInt":"1"}', '|', 'truncate t']);
});

test('a database that is dropped and made anew is followed on, also from behind its end', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const { db } = database;
  await db.collection<Numbered>('t').insertOne({ _id: 0 });
  const collections = captured('t');
  await using following = follow(feed, { from: await headOf(feed), collections });
  await db.dropDatabase();
  await following.until('the barrier', ({ story }) => story.includes('truncate t'));
  const atBarrier = following.boundary;
  await db.collection<Numbered>('t').insertOne({ _id: 1 });
  await following.caughtUp();
  expect(following.story.slice(-2)).toEqual(['insert t {"$numberInt":"1"}', '|']);
  await using again = follow(feed, { from: atBarrier, collections });
  await again.caughtUp();
  expect(again.story).toEqual(['insert t {"$numberInt":"1"}', '|']);
});

test('indexes and options that change at the source are told as a notice', async () => {
  await using database = await createMongoDatabase();
  const notices: string[] = [];
  await using feed = await openFeed(database.url, notices);
  const { db } = database;
  await db.createCollection('t');
  await using following = follow(feed, { from: await headOf(feed), collections: captured('t') });
  await db.collection('t').createIndex({ v: 1 }, { name: 'by v' });
  await db.command({ collMod: 't', validator: { v: { $type: 'int' } } });
  await db.collection('t').dropIndex('by v');
  await db.collection('other').createIndex({ v: 1 });
  await following.caughtUp();
  expect(following.story).toEqual([]);
  expect(notices).toEqual([
    expect.stringMatching(/^t: createIndexes .*by v/),
    expect.stringMatching(/^t: modify .*validator/),
    expect.stringMatching(/^t: dropIndexes .*by v/),
  ]);
});

test('two plans that read one collection each get its changes', async () => {
  await using database = await createMongoDatabase();
  await using feed = await openFeed(database.url);
  const [t] = captured('t');
  if (t === undefined) throw new Error('nothing is captured');
  const collections = [
    { ...t, name: 'one' },
    { ...t, name: 'other', columns: null },
  ];
  await using following = follow(feed, { from: await headOf(feed), collections });
  await database.db.collection<Numbered>('t').insertOne({ _id: 1 });
  await database.db.collection('t').drop();
  await following.caughtUp();
  const key = '{"$numberInt":"1"}';
  expect(following.story).toEqual([`insert one ${key}`, `touch other ${key}`, '|', 'truncate one+other']);
});
