import { MongoClient } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { createLockstep, type Lockstep, type PipelineConfig } from '../../src/index.ts';
import { startMongo } from '../../tools/servers/mongo.ts';
import { startMongoSet } from '../../tools/servers/mongo-set.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { findingsOf, openMongoPair } from './pair.ts';

const named = (url: string, database: string): string => {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.toString();
};

interface Sides {
  readonly source: string;
  readonly destination: string;
  readonly settings?: Partial<PipelineConfig>;
}

async function engineOver(directory: string, { source, destination, settings = {} }: Sides) {
  const pipeline: PipelineConfig = {
    source: { connector: 'mongodb', url: source, connectTimeoutMs: 2_000 },
    destination: { connector: 'mongodb', url: destination, connectTimeoutMs: 2_000 },
    collections: ['t'],
    create: true,
    rowsPerPartition: 200,
    retry: { attempts: 100, initialDelayMs: 50, maxDelayMs: 200 },
    ...settings,
  };
  return await createLockstep({ pipelines: { it: pipeline } }, { directory, env: {} });
}

test('wrong passwords, a missing authSource and missing rights each say so, and nothing of a password', async () => {
  await using server = await startMongo({ auth: true });
  await using client = new MongoClient(server.url);
  await client.db('from').collection('t').insertOne({ v: 1 });
  const roles = [
    { role: 'read', db: 'from' },
    { role: 'read', db: 'into' },
  ];
  await client.db('admin').command({ createUser: 'ann', pwd: 'geheim', roles });
  await using directory = await temporaryDirectory();
  const root = named(server.url, 'into');
  const asAnn = (password: string, options: string, database = 'from') =>
    named(server.urlFor({ user: 'ann', password, options }), database);
  for (const source of [asAnn('falsch', 'authSource=admin'), asAnn('geheim', '')]) {
    await using engine = await engineOver(directory.path, { source, destination: root });
    const failure = await engine.check('it').then(() => null, String);
    expect(failure).toContain('refused the user ann');
    expect(failure).not.toMatch(/falsch|geheim/);
  }
  const reading = asAnn('geheim', 'authSource=admin');
  await using engine = await engineOver(directory.path, {
    source: reading,
    destination: asAnn('geheim', 'authSource=admin', 'into'),
  });
  const findings = await findingsOf(engine);
  expect(findings).toMatchObject([
    { code: 'permission-denied', subject: 'lockstep_state', message: expect.stringContaining('insert') },
    { code: 'permission-denied', subject: 't', message: expect.stringContaining('createCollection') },
  ]);
  await using allowed = await engineOver(directory.path, { source: reading, destination: root });
  expect(await allowed.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 1 }] });
});

test('a standalone server can be read, with a warning, and can’t be written', async () => {
  await using standalone = await startMongo({ standalone: true });
  await using client = new MongoClient(standalone.url);
  await client.db('from').collection('t').insertOne({ v: 1 });
  await using target = await createMongoDatabase();
  await using directory = await temporaryDirectory();
  await using from = await engineOver(directory.path, {
    source: named(standalone.url, 'from'),
    destination: target.url,
  });
  expect(await findingsOf(from)).toMatchObject([{ code: 'mongodb-standalone', level: 'warning' }]);
  expect(await from.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 1 }] });
  await using into = await engineOver(directory.path, {
    source: named(standalone.url, 'from'),
    destination: named(standalone.url, 'into'),
  });
  expect(await findingsOf(into)).toMatchObject([
    { level: 'warning' },
    { code: 'mongodb-standalone', level: 'error', subject: 'destination' },
  ]);
});

test('nobody answers: said with the address, soon', async () => {
  await using pair = await openMongoPair();
  const url = 'mongodb://127.0.0.1:1/nowhere';
  const engine = await pair.engine(
    { collections: ['t'] },
    { source: { connector: 'mongodb', url, connectTimeoutMs: 500 } },
  );
  await expect(engine.check('it')).rejects.toMatchObject({
    code: 'connection-refused',
    message: expect.stringContaining('127.0.0.1:1/nowhere'),
  });
});

/**
 * A copy beside the target is one piece, and its rows are told as they come; a copy in place, which more lanes make, is told by partitions. Of
 * both some has to be there and some not when the servers go.
 */
const copies = [
  { way: 'whole', count: 60_000, settings: {}, event: 'rows.done' },
  { way: 'partitions', count: 4_000, settings: { lanes: 3 }, event: 'partition.finished' },
] as const;

async function fill(client: MongoClient, count: number): Promise<void> {
  const note = 'a text that is long enough for several batches';
  const documents = Array.from({ length: count }, (_, v) => ({ v, note }));
  const majority = { writeConcern: { w: 'majority', j: true } } as const;
  await client.db('from').collection('t').insertMany(documents, majority);
}

/** Strikes once some of the copy is there, and says how the copy went and whether it was still under way. */
function strikeInCopy(engine: Lockstep, { event }: (typeof copies)[number], strike: () => Promise<void>) {
  const ways: string[] = [];
  let struck: Promise<void> | null = null;
  let hasEnded = false;
  let wasUnderWay = false;
  engine.events.on('copy.way', ({ way }) => ways.push(way));
  engine.events.on(event, () => {
    if (ways.length === 0) return;
    struck ??= strike().finally(() => {
      wasUnderWay = !hasEnded;
    });
  });
  return async () => {
    const result = await engine.run('it').finally(() => {
      hasEnded = true;
    });
    await struck;
    return { result, wasUnderWay, first: ways[0] };
  };
}

describe.each(copies)('in the middle of a copy ($way)', (copy) => {
  const { way, count, settings } = copy;

  test('servers that crash and come back: it goes on by itself', async () => {
    await using server = await startMongo();
    await using client = new MongoClient(server.url);
    await fill(client, count);
    await using directory = await temporaryDirectory();
    const [from, into] = [named(server.url, 'from'), named(server.url, 'into')];
    await using engine = await engineOver(directory.path, { source: from, destination: into, settings });
    const copying = strikeInCopy(engine, copy, () => server.kill().then(() => server.start()));
    expect(await copying()).toMatchObject({ result: { result: 'equal' }, wasUnderWay: true, first: way });
    expect(await client.db('into').collection('t').countDocuments()).toBe(count);
    expect(await engine.verify('it')).toMatchObject({ equal: true });
  });

  test('sides whose members step down: it goes on at the next ones, and nothing is missing or twice', async () => {
    await using set = await startMongoSet();
    await using client = new MongoClient(set.url);
    await fill(client, count);
    await using directory = await temporaryDirectory();
    const at = (database: string): string => set.url.replace('/?', `/${database}?`);
    const sides = { source: at('from'), destination: at('into') };
    await using engine = await engineOver(directory.path, { ...sides, settings });
    const copying = strikeInCopy(engine, copy, () => set.stepDown());
    expect(await copying()).toMatchObject({ result: { result: 'equal' }, wasUnderWay: true, first: way });
    expect(await client.db('into').collection('t').countDocuments()).toBe(count);
    expect(await engine.verify('it')).toMatchObject({ equal: true });
  });
});
