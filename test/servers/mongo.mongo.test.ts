import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { startMongo } from '../../tools/servers/mongo.ts';
import { createMongoDatabase } from '../support/mongo.ts';

test('a database of one test’s own on a replica set: majority writes and transactions', async () => {
  await using database = await createMongoDatabase();
  const { db } = database;
  await db.createCollection('t');
  await db.client.withSession(async (session) => {
    session.startTransaction();
    await db.collection('t').insertOne({ x: 1 }, { session });
    await session.commitTransaction();
  });
  expect(await db.collection('t').countDocuments()).toBe(1);
});

test('a server with users keeps its data over a crash, and lets nobody in without a password', async () => {
  await using server = await startMongo({ auth: true });
  {
    await using client = new MongoClient(server.url);
    await client
      .db('kept')
      .collection('t')
      .insertOne({ x: 1 }, { writeConcern: { w: 'majority', j: true } });
  }
  await server.kill();
  expect(server.pid).toBeUndefined();
  await server.start();
  await using client = new MongoClient(server.url);
  expect(await client.db('kept').collection('t').countDocuments()).toBe(1);
  await using stranger = new MongoClient(`mongodb://127.0.0.1:${server.port}/?directConnection=true`);
  await expect(stranger.db('kept').collection('t').countDocuments()).rejects.toThrow(
    'requires authentication',
  );
});
