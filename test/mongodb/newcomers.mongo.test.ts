import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { startMongo } from '../../tools/servers/mongo.ts';
import { holding } from '../conformance/writer/writer-under-test.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { exportDocuments } from '../support/mongo-export.ts';
import { commandsDuring, nameOf } from './command-log.ts';
import { drop, kindsOf, openCollection, set, windowOver } from './windows.ts';

const fresh = (fields: BSON.Document) => ({ ...set(fields), isNew: true }) as ReturnType<typeof set>;

const bytesOf = (documents: readonly BSON.Document[]): readonly string[] =>
  documents.map((document) => Buffer.from(BSON.serialize(document)).toString('hex')).toSorted();

test('documents that are said to be new and are not take the place of what is there', async () => {
  await using database = await createMongoDatabase();
  const collection = await database.db.createCollection<{ _id: number }>('t');
  await using open = await openCollection(database);
  const { writer, target } = open;
  const apply = async (...changes: Parameters<typeof windowOver>[1][number][]) =>
    kindsOf(await writer.applyWindow(windowOver(target, changes), holding(1)));
  await collection.insertOne({ _id: 1 });
  expect(await apply(fresh({ _id: 0, v: 1 }), fresh({ _id: 1, v: 1 }), drop(5))).toEqual([
    'inserted',
    'updated',
    'unchanged',
  ]);
  // From now on it is doubted for a while, and comes to the same.
  expect(await apply(fresh({ _id: 2, v: 1 }), fresh({ _id: 1, v: 2 }))).toEqual(['inserted', 'updated']);
  expect(await exportDocuments(database.db, 't')).toEqual(
    bytesOf([
      { _id: 0, v: 1 },
      { _id: 1, v: 2 },
      { _id: 2, v: 1 },
    ]),
  );
});

test('a document that is new takes a unique value that another gives up, or that one which leaves had', async () => {
  await using database = await createMongoDatabase();
  const collection = await database.db.createCollection<{ _id: number; v: number }>('t');
  await collection.createIndex({ v: 1 }, { unique: true });
  await using open = await openCollection(database);
  const { writer, target } = open;
  await collection.insertMany([1, 2].map((_id) => ({ _id, v: _id })));
  const changes = [fresh({ _id: 3, v: 1 }), fresh({ _id: 4, v: 2 }), set({ _id: 1, v: 9 }), drop(2)];
  expect(kindsOf(await writer.applyWindow(windowOver(target, changes), holding(1)))).toEqual([
    'inserted',
    'inserted',
    'updated',
    'left',
  ]);
  // Both at once, round: nobody can be first.
  const round = [fresh({ _id: 5, v: 9 }), set({ _id: 1, v: 1 }), set({ _id: 3, v: 7 })];
  await writer.applyWindow(windowOver(target, round), holding(1));
  expect(await exportDocuments(database.db, 't')).toEqual(
    bytesOf([
      { _id: 1, v: 1 },
      { _id: 3, v: 7 },
      { _id: 4, v: 2 },
      { _id: 5, v: 9 },
    ]),
  );
});

test('what is new is inserted, and what leaves is deleted, without a look', async () => {
  await using server = await startMongo();
  await using open = await openCollection({ url: `${server.url.replace('/?', '/d?')}` }, 't', {
    scope: { kind: 'all' },
    create: true,
  });
  const { writer, target } = open;
  await writer.applyWindow(windowOver(target, [set({ _id: 1 }), set({ _id: 2 })]), holding(1));
  const changes = [fresh({ _id: 3 }), set({ _id: 1, v: 1 }), drop(2), drop(7)];
  const commands = await commandsDuring(server.url, async () => {
    expect(kindsOf(await writer.applyWindow(windowOver(target, changes), holding(1)))).toEqual([
      'inserted',
      'updated',
      'left',
      'unchanged',
    ]);
  });
  const names = commands.map(nameOf).filter((name) => ['find', 'insert', 'update', 'delete'].includes(name));
  // Of updates one is of our own state.
  expect(names.filter((name) => name !== 'update')).toEqual(['delete', 'insert']);
});
