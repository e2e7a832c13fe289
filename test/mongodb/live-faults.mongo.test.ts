import { setTimeout as delay } from 'node:timers/promises';
import { MongoError } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { timeOfTimestamp } from '../../src/connectors/mongodb/cluster-time.ts';
import { decodePosition } from '../../src/connectors/mongodb/position.ts';
import { startMongo } from '../../tools/servers/mongo.ts';
import { startMongoSet } from '../../tools/servers/mongo-set.ts';
import { startLive } from './live-pair.ts';
import { overwriteLog, smallLog } from './log.ts';
import { openMongoPair } from './pair.ts';

vi.setConfig({ testTimeout: 90_000 });

interface Numbered {
  readonly _id: number;
  readonly v?: unknown;
}

const settings = { collections: ['t'], create: true, guard: { maxLeavingShare: 1 } };
const numbered = (count: number, from = 0): Numbered[] =>
  Array.from({ length: count }, (_, index) => ({ _id: from + index, v: 'copied' }));
const majority = { writeConcern: { w: 'majority', j: true } } as const;

test('a source that crashes, and one that steps down, are waited for; then changes flow as before', async () => {
  await using server = await startMongo();
  await using pair = await openMongoPair(server.url);
  const t = pair.source.collection<Numbered>('t');
  await t.insertMany(numbered(200), majority);
  await using live = await startLive(pair, settings);
  await live.caughtUp();
  await server.kill();
  await live.until('it is told', () => live.log.all('status').at(-1)?.status === 'degraded');
  await server.start();
  await t.updateMany({ _id: { $lt: 20 } }, { $set: { v: 'after the crash' } }, majority);
  expect(await live.same('t')).toBe(200);
  await pair.source.client
    .db('admin')
    .command({ replSetStepDown: 1, force: true })
    .catch(() => undefined);
  await live.until('it has a primary again', async () => {
    const { isWritablePrimary } = await pair.source.client.db('admin').command({ hello: 1 });
    return isWritablePrimary === true;
  });
  await t.deleteMany({ _id: { $lt: 10 } }, majority);
  expect(await live.same('t')).toBe(190);
  expect(live.log.all('gap')).toEqual([]);
});

test.each([
  ['followed', (url: string) => openMongoPair(url)],
  ['written', (url: string) => openMongoPair(undefined, url)],
])(
  'the member that is %s steps down and dies under load: nothing is lost, and no history is missing',
  async (_, open) => {
    await using servers = await startMongoSet();
    await using pair = await open(servers.url);
    const t = pair.source.collection<Numbered>('t', majority);
    await t.insertMany(numbered(300));
    await using live = await startLive(pair, settings);
    await live.caughtUp();
    let isOver = false;
    const write = async (): Promise<void> => {
      for (let round = 0; !isOver; round += 1) {
        const _id = round % 250;
        await insistent(() => t.updateOne({ _id }, { $set: { v: round } }));
        await insistent(() => t.replaceOne({ _id: 1_000 + round }, { v: round }, { upsert: true }));
        await insistent(() => t.deleteOne({ _id: 1_000 + round - 50 }));
      }
    };
    const writing = write();
    await servers.stepDown();
    const dead = await servers.killPrimary();
    await dead.start();
    isOver = true;
    await writing;
    expect(await live.same('t')).toBeGreaterThan(300);
    await live.stop();
    expect(await live.engine.verify('it')).toMatchObject({ equal: true });
    expect(live.log.all('gap')).toEqual([]);
    expect(live.log.all('dead-letter.put')).toEqual([]);
  },
);

/** Until a member takes writes again: without one the driver gives up after a second attempt. The pause only spares the servers. */
async function insistent(write: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await write();
      return;
    } catch (thrown) {
      if (!(thrown instanceof MongoError) || attempt === 100) throw thrown;
      await delay(100);
    }
  }
}

test('a log that was overwritten while the pipeline was stopped is a gap that a walk heals, deletes included (rule 5)', async () => {
  await using server = await startMongo(smallLog);
  await using pair = await openMongoPair(server.url);
  const t = pair.source.collection<Numbered>('t');
  await t.insertMany(numbered(200));
  {
    await using live = await startLive(pair, settings);
    await live.caughtUp();
    await live.stop();
  }
  await t.updateMany({ _id: { $lt: 20 } }, { $set: { v: 'unseen' } });
  await t.deleteMany({ _id: { $gte: 150 } });
  await overwriteLog(pair.source.client);
  await using live = await startLive(pair, settings);
  await live.caughtUp();
  expect(await live.same('t')).toBe(150);
  expect(live.log.all('gap')).toHaveLength(1);
  await live.until('it is healed', () => live.log.all('healed').length > 0);
});

test('while nothing happens to what is captured the position moves on, so that a log that others overwrite is no gap', async () => {
  await using server = await startMongo(smallLog);
  await using pair = await openMongoPair(server.url);
  const t = pair.source.collection<Numbered>('t');
  await t.insertMany(numbered(100));
  {
    await using live = await startLive(pair, settings);
    await live.caughtUp();
    await overwriteLog(pair.source.client);
    const log = pair.source.client.db('local').collection('oplog.rs');
    const first = await log.findOne({}, { sort: { $natural: 1 }, projection: { ts: 1 } });
    const begins = timeOfTimestamp(first?.['ts']) ?? '';
    await live.until('its position is in what is left of the log', async () => {
      const saved = await pair.target.collection('lockstep_state').find({ '_id.kind': 'shard' }).toArray();
      return saved.some(({ position }) => decodePosition(position).time > begins);
    });
    await live.stop();
  }
  await t.updateOne({ _id: 7 }, { $set: { v: 'after' } });
  await using live = await startLive(pair, settings);
  await live.caughtUp();
  expect(await live.same('t')).toBe(100);
  expect(live.log.all('gap')).toEqual([]);
  expect(live.log.all('partition.finished')).toEqual([]);
});

test('a source that was restored from an older copy is noticed by its word', async () => {
  await using pair = await openMongoPair();
  const t = pair.source.collection<Numbered>('t');
  await t.insertMany(numbered(100));
  const words = () => pair.source.collection<{ _id: object; word: string }>('lockstep_state');
  {
    await using live = await startLive(pair, settings);
    await live.caughtUp();
    await live.until('a word is kept', async () => (await words().countDocuments()) === 1);
    await live.stop();
  }
  await words().updateOne({}, { $set: { word: 'of an older copy' } });
  await pair.target.collection<Numbered>('t').deleteOne({ _id: 7 });
  await using live = await startLive(pair, settings);
  await live.until('it is healed', () => live.log.all('healed').length > 0);
  expect(JSON.stringify(live.log.all('collection.status'))).toContain('older copy');
  expect(await live.same('t')).toBe(100);
});
