import { expect, test, vi } from 'vitest';
import { mongodbConfigSchema } from '../../src/connectors/mongodb/config.ts';
import { openMongodbReader } from '../../src/connectors/mongodb/reader/open-reader.ts';
import { wholeCollection } from '../../src/protocol/partition.ts';
import { createMongoDatabase, type MongoTestDatabase } from '../support/mongo.ts';
import { startLive } from './live-pair.ts';
import { openMongoPair } from './pair.ts';

vi.setConfig({ testTimeout: 90_000 });

interface Numbered {
  readonly _id: number;
}

const numbered = (count: number): Numbered[] => Array.from({ length: count }, (_, _id) => ({ _id }));
const { signal } = new AbortController();

const openReader = ({ url }: MongoTestDatabase) =>
  openMongodbReader(mongodbConfigSchema.parse({ connector: 'mongodb', url }), {
    pipeline: 'it',
    lanes: 1,
    signal,
    notice: () => {},
  });

test('a read that a drop ends is begun again and finds nothing, as before the first insert', async () => {
  await using database = await createMongoDatabase();
  const t = database.db.collection<Numbered>('t');
  await t.insertMany(numbered(5_000));
  await using reader = await openReader(database);
  const selection = { columns: [], filter: null };
  const read = () => reader.latest().read('t', wholeCollection(0), { format: 'bson', selection, signal });
  const begun = read()[Symbol.asyncIterator]();
  expect(await begun.next()).toMatchObject({ done: false });
  await t.drop();
  await expect(begun.next()).rejects.toMatchObject({ code: 'mongodb-cursor-lost', class: 'transient' });
  expect(await read()[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
  expect(await reader.describe('t', { signal })).toBeNull();
});

test('a collection that is dropped while it is looked at is there, or is not', async () => {
  await using database = await createMongoDatabase();
  await using reader = await openReader(database);
  let isOver = false;
  const comeAndGo = async (): Promise<void> => {
    for (let round = 0; round < 150; round += 1) {
      await database.db.createCollection('t');
      await database.db.collection('t').drop();
    }
    isOver = true;
  };
  const coming = comeAndGo();
  const seen = new Set<boolean>();
  while (!isOver) seen.add((await reader.describe('t', { signal })) === null);
  await coming;
  expect(seen).toEqual(new Set([true, false]));
});

test('a collection that is dropped again and again, whatever reads it, is never stopped: the guard holds what would leave', async () => {
  await using pair = await openMongoPair();
  const t = pair.source.collection<Numbered>('t');
  await t.insertMany(numbered(3_000));
  await using live = await startLive(pair, {
    collections: ['t'],
    create: true,
    rowsPerPartition: 500,
    guard: { maxLeavingShare: 1 },
  });
  await live.caughtUp();
  for (let round = 1; round <= 5; round += 1) {
    const healing = live.log.next('collection.status', ({ status }) => status === 'healing');
    await live.engine.resync('it', { collections: ['t'] });
    await healing;
    await t.drop();
    await t.insertMany(numbered(3_000 - round));
  }
  await live.until('all walks are done', () => live.log.all('barrier').length === 5);
  await t.drop();
  await live.until('the guard holds all of it', () => live.log.all('guard.raised').length > 0);
  expect(live.log.all('collection.status').filter(({ status }) => status === 'stopped')).toEqual([]);
  await live.engine.approve('it');
  expect(await live.same('t')).toBe(0);
});
