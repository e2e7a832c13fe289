import { MongoClient } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { decodePosition } from '../../src/connectors/mongodb/position.ts';
import { startMongo } from '../../tools/servers/mongo.ts';
import { captured, follow, headOf, openFeed } from './follow.ts';

vi.setConfig({ testTimeout: 60_000 });

test('inserts that MongoDB 8.0 logs as one entry are told one by one, and no boundary is among them', async () => {
  await using server = await startMongo();
  await using client = new MongoClient(server.url);
  await using feed = await openFeed(server.url.replace('/?', '/shop?'));
  const t = client.db('shop').collection<{ _id: number }>('t');
  await t.insertOne({ _id: -1 });
  const collections = captured('t');
  // So that a reply holds no more than one event.
  await using following = follow(feed, { from: await headOf(feed), collections, byteBudget: 1 });
  await t.insertMany(Array.from({ length: 1_500 }, (_, _id) => ({ _id })));
  await following.caughtUp();
  await t.insertOne({ _id: 1_500 });
  await following.caughtUp();
  const keys = following.changes.map(({ key }) => key);
  expect(keys).toEqual(Array.from({ length: 1_501 }, (_, _id) => `{"$numberInt":"${_id}"}`));
  let told = 0;
  const toldAt = new Map<string, number>();
  for (const item of following.items) {
    if (item.kind !== 'batch') throw new Error(`a ${item.kind} was told`);
    told += item.changes.length;
    if (item.boundary === null) continue;
    const { time } = decodePosition(item.boundary);
    expect(toldAt.get(time) ?? told, `two boundaries at ${time}`).toBe(told);
    toldAt.set(time, told);
  }
  expect(Math.max(...toldAt.values())).toBe(1_501);
});
