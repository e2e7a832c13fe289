import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import type { Change } from '../../src/protocol/change.ts';
import { startMongo } from '../../tools/servers/mongo.ts';
import { holding } from '../conformance/writer/writer-under-test.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { exportDocuments } from '../support/mongo-export.ts';
import { commandsDuring, nameOf } from './command-log.ts';
import { drop, kindsOf, type OpenedCollection, openCollection, set, windowOver } from './windows.ts';

/** A feed says that it is new. */
const fresh = (fields: BSON.Document): Change => ({ ...set(fields), isNew: true }) as Change;

/** So many that a command of their own is worth it. */
const many = Array.from({ length: 60 }, (_, index) => ({ _id: 1000 + index, v: -index }));

const apply = async ({ writer, target }: OpenedCollection, changes: readonly Change[]) =>
  kindsOf(await writer.applyWindow(windowOver(target, changes), holding(1)));

const bytesOf = (documents: readonly BSON.Document[]): readonly string[] =>
  documents.map((document) => Buffer.from(BSON.serialize(document)).toString('hex')).toSorted();

test('documents that are said to be new and are not take the place of what is there', async () => {
  await using database = await createMongoDatabase();
  const collection = await database.db.createCollection<{ _id: number }>('t');
  await using open = await openCollection(database);
  await collection.insertOne({ _id: 1 });
  const first = await apply(open, [...[...many, { _id: 1, v: 1 }].map(fresh), drop(5)]);
  expect(first.filter((kind) => kind === 'inserted')).toHaveLength(many.length);
  expect(first.slice(-2)).toEqual(['updated', 'unchanged']);
  // From now on it is doubted for a while, and comes to the same.
  const again = await apply(open, [...many, { _id: 1, v: 2 }, { _id: 2, v: 2 }].map(fresh));
  // Of several that were there it is known how many differ, not which.
  expect(again.at(-1)).toBe('inserted');
  expect(again.filter((kind) => kind === 'updated')).toHaveLength(1);
  const documents = [...many, { _id: 1, v: 2 }, { _id: 2, v: 2 }];
  expect((await exportDocuments(database.db, 't')).toSorted()).toEqual(bytesOf(documents));
});

test('a document that is new takes a unique value that another gives up, or that one which leaves had', async () => {
  await using database = await createMongoDatabase();
  const collection = await database.db.createCollection<{ _id: number; v: number }>('t');
  await collection.createIndex({ v: 1 }, { unique: true });
  await using open = await openCollection(database);
  await collection.insertMany([1, 2].map((_id) => ({ _id, v: _id })));
  const newcomers = [...many, { _id: 3, v: 1 }, { _id: 4, v: 2 }];
  const kinds = await apply(open, [...newcomers.map(fresh), set({ _id: 1, v: 9 }), drop(2)]);
  expect(kinds.slice(-4)).toEqual(['inserted', 'inserted', 'updated', 'left']);
  // Round: nobody can be first.
  await apply(open, [fresh({ _id: 5, v: 9 }), set({ _id: 1, v: 1 }), set({ _id: 3, v: 7 })]);
  const documents = [
    { _id: 1, v: 1 },
    { _id: 3, v: 7 },
    { _id: 4, v: 2 },
    { _id: 5, v: 9 },
  ];
  expect((await exportDocuments(database.db, 't')).toSorted()).toEqual(bytesOf([...many, ...documents]));
});

test('values that go round say nothing about who is new', async () => {
  await using server = await startMongo();
  const options = { scope: { kind: 'all' }, create: true } as const;
  await using open = await openCollection({ url: server.url.replace('/?', '/d?') }, 't', options);
  await open.destination.deployment.db.collection('t').createIndex({ v: 1 }, { unique: true });
  await apply(open, [set({ _id: 1, v: 1 }), set({ _id: 2, v: 2 })]);
  await apply(open, [...many.map(fresh), set({ _id: 1, v: 2 }), set({ _id: 2, v: 1 })]);
  const others = many.map(({ _id, v }) => ({ _id: _id + 1000, v: v - 1000 }));
  const commands = await commandsDuring(server.url, async () => {
    await apply(open, others.map(fresh));
  });
  expect(commands.map(nameOf)).toContain('insert');
});

test('what is new is inserted and what leaves is deleted without a look; what was found proves its collection', async () => {
  await using server = await startMongo();
  const options = { scope: { kind: 'all' }, create: true } as const;
  await using open = await openCollection({ url: server.url.replace('/?', '/d?') }, 't', options);
  await apply(open, [set({ _id: 1 }), set({ _id: 2 })]);
  const sentFor = async (changes: readonly Change[], kinds: readonly string[]) => {
    const commands = await commandsDuring(server.url, async () => {
      expect((await apply(open, changes)).slice(-kinds.length)).toEqual(kinds);
    });
    // The first update of each window is of our own state.
    const asked = ['find', 'insert', 'update', 'delete', 'listCollections'];
    return commands
      .map(nameOf)
      .filter((name) => asked.includes(name))
      .slice(1);
  };
  expect(
    await sentFor(
      [...many.map(fresh), set({ _id: 1, v: 1 }), drop(2), drop(7)],
      ['updated', 'left', 'unchanged'],
    ),
  ).toEqual(['delete', 'update', 'insert']);
  expect(await sentFor([fresh({ _id: 3 }), set({ _id: 1, v: 1 })], ['inserted', 'unchanged'])).toEqual([
    'update',
  ]);
  expect(await sentFor([fresh({ _id: 4 }), drop(7)], ['inserted', 'unchanged'])).toEqual([
    'delete',
    'update',
    'listCollections',
  ]);
});
