import { BSON, type Document } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Chunk } from '../../src/protocol/chunk.ts';
import { type MongoServer, startMongo } from '../../tools/servers/mongo.ts';
import { holding } from '../conformance/writer/writer-under-test.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { commandsDuring, nameOf } from './command-log.ts';
import { numbered, put, swapping } from './generations/swapping.ts';
import { openMongoPair } from './pair.ts';
import { drop, openCollection, set, windowOver } from './windows.ts';

/** On a set of one member nothing that is asked of a secondary is ever answered. */
const hasty = '&w=1&journal=false&readConcernLevel=local&readPreference=secondary&connectTimeoutMS=2000';

let server: MongoServer;
beforeAll(async () => {
  server = await startMongo();
});
afterAll(() => server[Symbol.asyncDispose]());

const writing: ReadonlySet<string> = new Set([
  'collMod',
  'commitTransaction',
  'create',
  'createIndexes',
  'delete',
  'drop',
  'findAndModify',
  'insert',
  'renameCollection',
  'update',
]);

/** What takes effect by itself: the rest of a transaction does with its commit. */
const takesEffect = (command: Document): boolean => {
  const name = nameOf(command);
  const isOut = name === 'aggregate' && '$out' in (command['pipeline'].at(-1) ?? {});
  return isOut || (writing.has(name) && (command['autocommit'] !== false || name === 'commitTransaction'));
};

function expectMajority(commands: readonly Document[], names: readonly string[]): void {
  const effective = commands.filter(takesEffect);
  expect([...new Set(effective.map(nameOf))]).toEqual(expect.arrayContaining([...names]));
  expect(effective.filter(({ writeConcern }) => writeConcern?.w !== 'majority')).toEqual([]);
  const begun = commands.filter(({ startTransaction }) => startTransaction === true);
  const levels = new Set(begun.map(({ readConcern }) => readConcern?.level));
  levels.delete('local'); // makes collections, which no snapshot can
  expect([...levels]).toEqual(['snapshot']);
}

async function* documents(...ids: readonly number[]): AsyncGenerator<Chunk> {
  const bytes = Buffer.concat(ids.map((_id) => BSON.serialize({ _id })));
  yield { format: 'bson', bytes, rowCount: ids.length };
}

test('a fence, a copy and a window are confirmed by a majority, whatever the url says', async () => {
  await using database = await createMongoDatabase({ serverUrl: server.url });
  await database.db.createCollection('t');
  const commands = await commandsDuring(server.url, async () => {
    await using open = await openCollection({ url: `${database.url}${hasty}` });
    await open.target.append(documents(1, 2), holding(1));
    await open.writer.applyWindow(windowOver(open.target, [set({ _id: 1, v: 1 }), drop(2)]), holding(1));
  });
  expectMajority(commands, ['create', 'findAndModify', 'update', 'commitTransaction']);
  expect(await database.db.collection('t').find().toArray()).toEqual([{ _id: 1, v: 1 }]);
});

test('renames and the journal of a generation are confirmed by a majority, while it is swapped in and taken back', async () => {
  await using pair = await openMongoPair(server.url, server.url);
  await put(pair.source, 't', numbered(30, 'new'));
  await put(pair.target, 't', numbered(31, 'old'));
  await pair.target.collection('t').createIndex({ v: 1 });
  const destination = { connector: 'mongodb', url: `${pair.targetUrl}${hasty}` } as const;
  const engine = await pair.engine(swapping('t'), { destination });
  const commands = await commandsDuring(server.url, () => engine.run('it'));
  expectMajority(commands, ['createIndexes', 'renameCollection', 'commitTransaction']);
  await pair.expectSame('t');
  const back = await commandsDuring(server.url, () => engine.rollBackGeneration('it'));
  expectMajority(back, ['renameCollection', 'commitTransaction']);
});
