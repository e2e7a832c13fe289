import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MongoServer, startMongo } from '../../tools/servers/mongo.ts';
import { holding, never, pipeline } from '../conformance/writer/writer-under-test.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { kindsOf, openCollection, set, windowOver } from './windows.ts';

/** A server whose commands can be made to fail as servers do (`failCommand`). */
let server: MongoServer;
beforeAll(async () => {
  server = await startMongo({ arguments: ['--setParameter', 'enableTestCommands=1'] });
});
afterAll(() => server[Symbol.asyncDispose]());

interface Failure {
  readonly times: number;
  readonly data: object;
}

/** Until it is disposed commits fail so. */
async function failingCommits({ times, data }: Failure): Promise<AsyncDisposable> {
  const client = new MongoClient(server.url);
  const admin = client.db('admin');
  const configureFailPoint = 'failCommand';
  const failure = { failCommands: ['commitTransaction'], appName: 'lockstep', ...data };
  await admin.command({ configureFailPoint, mode: { times }, data: failure });
  return {
    [Symbol.asyncDispose]: async () => {
      await admin.command({ configureFailPoint, mode: 'off' });
      await client.close();
    },
  };
}

/** More than all attempts of a window. */
const always = 1000;

test.each([
  ['answered at last', 2],
  ['never answered: what it left in our state tells', always],
])('a commit that happened is known to have happened: %s', async (_how, times) => {
  await using database = await createMongoDatabase({ serverUrl: server.url });
  const collection = await database.db.createCollection('t');
  await using open = await openCollection(database);
  const { writer, target } = open;
  // Done, and yet answered with a doubt.
  const data = { writeConcernError: { code: 91, errmsg: 'shutting down' } };
  await using _failing = await failingCommits({ times, data });
  const window = windowOver(target, [set({ _id: 1 }), set({ _id: 2 })]);
  expect(kindsOf(await writer.applyWindow(window, holding(1)))).toEqual(['inserted', 'inserted']);
  expect(await collection.countDocuments()).toBe(2);
  expect([...(await writer.positions({ pipeline, signal: never }))]).toEqual([['main', 'p1']]);
});

test('a commit that never arrived is not taken for one: nothing is there, and a repeat writes it', async () => {
  await using database = await createMongoDatabase({ serverUrl: server.url });
  const collection = await database.db.createCollection('t');
  await using open = await openCollection(database);
  const { writer, target } = open;
  const window = windowOver(target, [set({ _id: 1 })]);
  {
    await using _failing = await failingCommits({ times: always, data: { closeConnection: true } });
    await expect(writer.applyWindow(window, holding(1))).rejects.toMatchObject({ class: 'transient' });
  }
  expect(await collection.countDocuments()).toBe(0);
  expect((await writer.positions({ pipeline, signal: never })).size).toBe(0);
  const again = await writer.applyWindow(window, holding(1));
  expect(kindsOf(again)).toEqual(['inserted']);
  expect([...(await writer.positions({ pipeline, signal: never }))]).toEqual([['main', 'p1']]);
});

test('a transaction that the server has ended is begun again', async () => {
  await using database = await createMongoDatabase({ serverUrl: server.url });
  await database.db.createCollection('t');
  await using open = await openCollection(database);
  const { writer, target } = open;
  const window = windowOver(target, [set({ _id: 1 })]);
  {
    const data = { errorCode: 251, errorLabels: ['TransientTransactionError'] };
    await using _failing = await failingCommits({ times: 1, data });
    await expect(writer.applyWindow(window, holding(1))).rejects.toMatchObject({
      code: 'transaction-conflict',
    });
  }
  expect(kindsOf(await writer.applyWindow(window, holding(1)))).toEqual(['inserted']);
});
