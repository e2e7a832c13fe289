import { Binary, BSON, type Document, Long, MongoClient, Timestamp } from 'mongodb';
import { expect, test } from 'vitest';
import { createLockstep, type Lockstep } from '../../src/index.ts';
import type { Chunk } from '../../src/protocol/chunk.ts';
import type { Target } from '../../src/protocol/writer.ts';
import { startMongo } from '../../tools/servers/mongo.ts';
import { holding } from '../conformance/writer/writer-under-test.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { everyType } from './documents.ts';
import { keptIn, looksOf, numbered, put } from './generations/swapping.ts';
import { openMongoPair } from './pair.ts';
import { documentsPlan } from './plan.ts';
import { type OpenedCollection, openCollection } from './windows.ts';

const settings = { collections: ['t'], create: true } as const;
const many = 2_000;

/** How each collection was copied, and why not as a whole. */
function waysOf(engine: Lockstep): readonly string[] {
  const ways: string[] = [];
  engine.events.on('copy.way', ({ collection, way, reason }) =>
    ways.push([collection, way, reason].filter((part) => part !== '').join(' ')),
  );
  return ways;
}

test('a collection that we make is copied beside its target and takes its place, looks and all', async () => {
  await using pair = await openMongoPair();
  await pair.source.createCollection('t', {
    validator: { v: { $type: 'string' } },
    collation: { locale: 'de' },
  });
  await put(pair.source, 't', numbered(many, 'new'));
  await pair.source.collection('t').createIndex({ v: 1 }, { unique: true });
  const engine = await pair.engine(settings);
  const ways = waysOf(engine);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: many }] });
  expect(ways).toEqual(['t whole']);
  expect(await pair.expectSame('t')).toBe(many);
  expect(await looksOf(pair.target, 't')).toMatchObject((await looksOf(pair.source, 't')) as object);
  expect(await keptIn(pair.target)).toEqual([]);
  await pair.source.collection<{ _id: number }>('t').deleteOne({ _id: 7 });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 1, inserted: 0 }] });
  expect(await engine.remove('it')).toBeDefined();
  expect(await keptIn(pair.target)).toEqual([]);
});

test('every type arrives, and so does what an insert alone would change', async () => {
  await using pair = await openMongoPair();
  const odd: readonly Document[] = [
    { _id: 'zero', at: new Timestamp(Long.ZERO) },
    { _id: 'dollar', $set: 1, 'a.b': 2 },
    { _id: new Binary(Buffer.from([1, 2, 3])), ...everyType },
  ];
  for (let from = 0; from < many; from += 500)
    await pair.source.command({
      insert: 't',
      documents: [
        ...numbered(500, 'x').map(({ _id, v }) => ({ _id: _id + from, v })),
        ...(from === 1_000 ? odd : []),
      ],
    });
  await pair.source
    .collection<{ _id: string }>('t')
    .updateOne({ _id: 'zero' }, [
      { $replaceWith: { $literal: { _id: 'zero', at: new Timestamp(Long.ZERO) } } },
    ]);
  const engine = await pair.engine(settings);
  const ways = waysOf(engine);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(ways).toEqual(['t whole']);
  expect(await pair.expectSame('t')).toBe(many + odd.length);
});

test('few documents, a collection of others and more lanes go by transactions', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(many, 'new'));
  await put(pair.source, 'few', numbered(20, 'new'));
  await put(pair.source, 'theirs', numbered(many, 'new'));
  await pair.target.createCollection('theirs');
  const engine = await pair.engine({ collections: ['few', 'theirs'], create: true });
  const ways = waysOf(engine);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(ways.toSorted()).toEqual([
    'few partitions fewer than 500 documents',
    'theirs partitions others made it, and may watch it',
  ]);
  const laned = await pair.engine({ ...settings, lanes: 3 });
  const lanedWays = waysOf(laned);
  expect(await laned.run('it')).toMatchObject({ result: 'equal' });
  expect(lanedWays).toEqual(['t partitions 3 lanes append side by side']);
  for (const name of ['t', 'few', 'theirs']) await pair.expectSame(name);
});

test('who watches a collection from its making hears of each document with `copyBeside: false`', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(many, 'new'));
  const destination = { connector: 'mongodb', url: pair.targetUrl, copyBeside: false } as const;
  const engine = await pair.engine(settings, { destination });
  const ways = waysOf(engine);
  await using stream = pair.target.watch([{ $match: { 'ns.coll': 't', operationType: 'insert' } }]);
  const first = stream.next();
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await first).toMatchObject({ operationType: 'insert' });
  expect(ways).toEqual(['t partitions copyBeside is false']);
});

test('what somebody else writes to the target meanwhile is not renamed over', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(many, 'new'));
  const engine = await pair.engine({ ...settings, collections: { t: { leaving: 'keep' } } });
  const ways = waysOf(engine);
  let writes: Promise<unknown> | null = null;
  engine.events.on('rows.done', () => {
    writes ??= pair.target.collection<{ _id: string }>('t').insertOne({ _id: 'theirs' });
  });
  await engine.run('it');
  await writes;
  expect(ways).toEqual(['t whole', 't partitions somebody else has written to it meanwhile']);
  expect(await pair.target.collection<{ _id: string }>('t').countDocuments({ _id: 'theirs' })).toBe(1);
  expect(await pair.target.collection('t').countDocuments()).toBe(many + 1);
  expect(await keptIn(pair.target)).toEqual([]);
});

test('a stop half way leaves nothing, and the next run copies it', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(60_000, 'a text that is long enough for several batches'));
  const engine = await pair.engine(settings);
  const stopping = new AbortController();
  const off = engine.events.on('rows.done', () => stopping.abort(new Error('enough')));
  await expect(engine.run('it', { signal: stopping.signal })).rejects.toMatchObject({ code: 'interrupted' });
  off();
  expect(await pair.target.collection('t').countDocuments()).toBe(0);
  expect(await keptIn(pair.target)).toEqual([]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await pair.expectSame('t')).toBe(60_000);
});

test('a target that was emptied has its indexes, and is filled in place', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(many, 'new'));
  await pair.source.collection('t').createIndex({ v: 1 });
  const engine = await pair.engine({ ...settings, guard: { maxLeavingShare: 1 } });
  const ways = waysOf(engine);
  await engine.run('it');
  await pair.target.collection('t').deleteMany({});
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await pair.expectSame('t')).toBe(many);
  expect(ways[0]).toBe('t whole');
  expect(ways.slice(1)).toEqual([expect.stringMatching(/^t partitions .*not alike/)]);
});

test('a connection that goes half way costs what was sent, and nothing is left of it', async () => {
  await using server = await startMongo({ arguments: ['--setParameter', 'enableTestCommands=1'] });
  await using client = new MongoClient(server.url);
  await using directory = await temporaryDirectory();
  const [from, into] = [client.db('from'), client.db('into')];
  await put(from, 't', numbered(60_000, 'a text that is long enough for several batches'));
  // The first batches arrive, and one does not.
  const data = { failCommands: ['insert'], closeConnection: true, appName: 'lockstep', namespace };
  await client.db('admin').command({ configureFailPoint: 'failCommand', mode: { skip: 1 }, data });
  const engine = await engineBetween(server.url, server.url, directory.path);
  await using _ = engine;
  const ways = waysOf(engine);
  engine.events.on('copy.way', ({ way }) => {
    if (way === 'partitions')
      void client.db('admin').command({ configureFailPoint: 'failCommand', mode: 'off' });
  });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(ways).toEqual(['t whole', expect.stringMatching(/^t partitions .*closed|lost/)]);
  expect(await into.collection('t').countDocuments()).toBe(60_000);
  expect(await keptIn(into)).toEqual([]);
});

const namespace = 'into.lockstep_copy.it.f1.g0.0';

/** From and into databases of these names. */
function engineBetween(source: string, destination: string, directory: string): Promise<Lockstep> {
  const inDatabase = (text: string, database: string): string => {
    const url = new URL(text);
    url.pathname = `/${database}`;
    return url.href;
  };
  const pipeline = {
    ...settings,
    retry: { attempts: 8, initialDelayMs: 20, maxDelayMs: 100 },
    source: { connector: 'mongodb', url: inDatabase(source, 'from') },
    destination: { connector: 'mongodb', url: inDatabase(destination, 'into') },
  } as const;
  return createLockstep({ pipelines: { it: pipeline } }, { directory, env: {} });
}

async function* piecesOf(count: number, between: () => Promise<void>): AsyncGenerator<Chunk> {
  for (const half of [0, 1]) {
    const all = numbered(count, 'older').map((each) =>
      BSON.serialize({ ...each, _id: each._id + half * count }),
    );
    yield { format: 'bson', bytes: Buffer.concat(all), rowCount: count };
    if (half === 0) await between();
  }
}

const expected = { rows: many, bytes: many * 40, format: 'bson' } as const;

async function openMade({ writer }: OpenedCollection, fence: number): Promise<Target> {
  return await writer.open(
    { ...documentsPlan('t', { scope: { kind: 'all' } }), create: true },
    holding(fence),
  );
}

test('an owner that was overtaken while it copied takes nobody’s place', async () => {
  await using database = await createMongoDatabase();
  await using older = await openCollection(database, 'other', { scope: { kind: 'all' }, create: true });
  const target = await openMade(older, 1);
  const overtaken = target.appendWhole?.(
    piecesOf(many / 2, async () => {
      const newer = await openCollection(database, 't', { scope: { kind: 'all' }, fence: 2 });
      await using _ = newer;
      const one = Buffer.from(BSON.serialize({ _id: 'newer' }));
      async function* only(): AsyncGenerator<Chunk> {
        yield { format: 'bson', bytes: one, rowCount: 1 };
      }
      await newer.target.append(only(), holding(2));
    }),
    { ...holding(1), expected },
  );
  await expect(overtaken).rejects.toMatchObject({ code: 'fence-lost' });
  const found = await database.db.collection('t').find().toArray();
  expect(found).toEqual([{ _id: 'newer' }]);
  expect(await keptIn(database.db)).toEqual([]);
});

test('what an owner that died had copied goes when the next one attaches', async () => {
  await using database = await createMongoDatabase();
  await database.db.createCollection('lockstep_copy.conformance.f1.g0.0');
  const kept = await keptIn(database.db);
  await using _newer = await openCollection(database, 'other', {
    scope: { kind: 'all' },
    fence: 2,
    create: true,
  });
  expect(kept).toHaveLength(1);
  expect(await keptIn(database.db)).toEqual([]);
});

test('rights for the target alone are enough: then it goes by transactions', async () => {
  await using server = await startMongo({ auth: true });
  await using client = new MongoClient(server.url);
  await using directory = await temporaryDirectory();
  const into = client.db('into');
  await put(client.db('from'), 't', numbered(many, 'new'));
  const writing = [
    'find',
    'insert',
    'update',
    'remove',
    'collStats',
    'listIndexes',
    'createIndex',
    'createCollection',
  ];
  const privileges = ['t', 'lockstep_state'].map((collection) => ({
    resource: { db: 'into', collection },
    actions: writing,
  }));
  const seeing = { resource: { db: 'into', collection: '' }, actions: ['listCollections'] };
  await into.command({ createRole: 'two', privileges: [...privileges, seeing], roles: [] });
  await client
    .db('admin')
    .command({ createUser: 'few', pwd: 'geheim', roles: [{ role: 'two', db: 'into' }] });
  const url = server.urlFor({ user: 'few', password: 'geheim', options: 'authSource=admin' });
  await using engine = await engineBetween(server.url, url, directory.path);
  const ways = waysOf(engine);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(ways).toEqual([expect.stringContaining('t partitions few lacks a right')]);
  expect(await into.collection('t').countDocuments()).toBe(many);
});
