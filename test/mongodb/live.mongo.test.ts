import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { everyId, everyType } from './documents.ts';
import { startLive } from './live-pair.ts';
import { openMongoPair } from './pair.ts';

vi.setConfig({ testTimeout: 90_000 });

interface Numbered {
  readonly _id: number;
  readonly v?: unknown;
  readonly n?: number;
}

const settings = { collections: ['t', 'u'], create: true, guard: { maxLeavingShare: 1 } };
const numbered = (count: number, from = 0): Numbered[] =>
  Array.from({ length: count }, (_, index) => ({ _id: from + index, v: 'copied' }));

test('inserts, replacements, updates and deletes of every type follow byte for byte, transactions whole', async () => {
  await using pair = await openMongoPair();
  const [t, u] = [pair.source.collection<Numbered>('t'), pair.source.collection<Numbered>('u')];
  await t.insertMany(numbered(500));
  await u.insertMany(numbered(10));
  await using live = await startLive(pair, settings);
  await live.caughtUp();
  await pair.source.command({
    insert: 't',
    documents: everyId.map(
      (_id, index) => new Map<string, unknown>([['_id', _id], ...Object.entries(everyType), ['i', index]]),
    ),
    ordered: false,
  });
  await t.updateMany({ _id: { $lt: 100 } }, { $set: { 'a.b': 1, v: 'updated' }, $inc: { n: 1 } });
  await t.replaceOne({ _id: 200 }, { v: 'replaced' });
  await t.deleteMany({ _id: { $gte: 300, $lt: 350 } });
  await using session = pair.source.client.startSession();
  await session.withTransaction(async () => {
    await t.updateOne({ _id: 400 }, { $set: { v: 'moved' } }, { session });
    await u.insertOne({ _id: 400, v: 'moved' }, { session });
    await u.deleteOne({ _id: 1 }, { session });
  });
  expect(await live.same('t', 'u')).toBeGreaterThan(450);
  await live.stop();
  expect(await live.engine.verify('it')).toMatchObject({ equal: true });
  expect(live.log.all('gap')).toEqual([]);
  expect(live.log.all('dead-letter.put')).toEqual([]);
});

test('nothing is lost between the copy and the stream, whatever is written meanwhile', async () => {
  await using pair = await openMongoPair();
  const t = pair.source.collection<Numbered>('t');
  await t.insertMany(numbered(4_000));
  await pair.source.createCollection('u');
  await using load = startLoad(pair.source);
  await using live = await startLive(pair, { ...settings, rowsPerPartition: 300 });
  await live.caughtUp();
  const atLive = load.rounds;
  await live.until('some more is written', () => load.rounds > atLive + 20);
  await load.stop();
  expect(await live.same('t', 'u')).toBeGreaterThan(1_000);
  await live.stop();
  expect(live.log.all('gap')).toEqual([]);
});

test('a pipeline that was stopped goes on where it was, and what happened meanwhile is told', async () => {
  await using pair = await openMongoPair();
  const t = pair.source.collection<Numbered>('t');
  await t.insertMany(numbered(200));
  await pair.source.createCollection('u');
  {
    await using live = await startLive(pair, settings);
    await live.caughtUp();
    await live.stop();
  }
  await t.updateMany({ _id: { $lt: 50 } }, { $set: { v: 'while it was away' } });
  await t.deleteMany({ _id: { $gte: 150 } });
  await using live = await startLive(pair, settings);
  await live.caughtUp();
  expect(await live.same('t', 'u')).toBe(150);
  expect(live.log.all('partition.finished')).toEqual([]);
  expect(live.log.all('gap')).toEqual([]);
});

test('a collection that another takes the place of, and one that is dropped and filled anew, end equal', async () => {
  await using pair = await openMongoPair();
  const t = pair.source.collection<Numbered>('t');
  await t.insertMany(numbered(300));
  await pair.source.createCollection('u');
  await using live = await startLive(pair, settings);
  await live.caughtUp();
  await pair.source.collection<Numbered>('staged').insertMany(numbered(120, 250));
  await pair.source.collection('staged').rename('t', { dropTarget: true });
  await t.insertOne({ _id: -1 });
  expect(await live.same('t')).toBe(121);
  await t.drop();
  await live.until('the guard holds all of it', () => live.log.all('guard.raised').length > 0);
  expect(await pair.target.collection('t').countDocuments()).toBe(121);
  await t.insertMany(numbered(50, 350));
  await live.engine.approve('it');
  expect(await live.same('t')).toBe(50);
  expect(live.log.all('barrier')).toHaveLength(2);
});

test('a collection that is new and fits a pattern joins, and what is ours at the source never does', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('one').insertMany(numbered(20));
  await using live = await startLive(pair, {
    collections: ['*'],
    create: true,
    drift: { tableAdded: 'follow' },
  });
  await live.caughtUp();
  await pair.source.collection<Numbered>('other').insertMany(numbered(30));
  expect(await live.same('one', 'other')).toBe(50);
  const names = (await pair.target.listCollections().toArray()).map(({ name }) => name);
  expect(names.toSorted()).toEqual(['lockstep_state', 'one', 'other']);
});

interface Load extends AsyncDisposable {
  readonly rounds: number;
  stop(): Promise<void>;
}

/** Writes of every kind to a few hundred documents, again and again, from two writers. */
function startLoad(source: Db): Load {
  const over = new AbortController();
  let rounds = 0;
  const write = async (salt: number): Promise<void> => {
    const [t, u] = [source.collection<Numbered>('t'), source.collection<Numbered>('u')];
    for (let round = 0; !over.signal.aborted; round += 1) {
      const _id = (round * 37 + salt * 11) % 400;
      await t.updateOne({ _id }, { $set: { v: `${salt} ${round}` }, $inc: { n: 1 } }, { upsert: true });
      await t.deleteOne({ _id: (_id + 200) % 400 });
      await t.replaceOne({ _id: (_id + 100) % 400 }, { v: round }, { upsert: true });
      await u.insertOne({ _id: salt * 1_000_000 + round });
      await using session = source.client.startSession();
      await session.withTransaction(async () => {
        await t.updateOne({ _id: 3_000 + _id }, { $inc: { n: 1 } }, { session });
        await u.updateOne({ _id: salt * 1_000_000 + round }, { $set: { v: _id } }, { session });
      });
      rounds += 1;
      await delay(1);
    }
  };
  const all = Promise.all([write(1), write(2)]);
  const stop = async (): Promise<void> => {
    over.abort();
    await all;
  };
  return {
    get rounds() {
      return rounds;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

test('an index that the source gets later comes to a target of our making with the next start that finds no duplicates', async () => {
  await using pair = await openMongoPair();
  const t = pair.source.collection<Numbered>('t');
  await t.insertMany(numbered(20));
  const indexes = async () => (await pair.target.collection('t').indexes()).map(({ name }) => name);
  const during = async (work: () => Promise<unknown> = async () => undefined): Promise<string> => {
    await using live = await startLive(pair, { ...settings, collections: ['t'] });
    await live.caughtUp();
    await work();
    expect(await live.same('t')).toBe(20);
    await live.stop();
    return live.log
      .all('notice')
      .map(({ message }) => message)
      .join(' ');
  };
  const told = await during(async () => {
    await t.createIndex({ n: 1 });
    await t.updateOne({ _id: 1 }, { $set: { n: 1 } });
  });
  expect(told).toContain('createIndexes at the source');
  expect(await indexes()).toEqual(['_id_']);
  await during();
  expect(await indexes()).toEqual(['_id_', 'n_1']);
  await t.updateMany({}, [{ $set: { v: '$_id' } }]);
  await t.createIndex({ v: 1 }, { unique: true });
  expect(await during()).toContain('its index is made with the next start');
  expect(await indexes()).toEqual(['_id_', 'n_1']);
  await during();
  expect(await indexes()).toEqual(['_id_', 'n_1', 'v_1']);
});
