import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { createLockstep, type PipelineConfig } from '../../src/index.ts';
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

async function engineOver(directory: string, source: string, destination: string) {
  const pipeline: PipelineConfig = {
    source: { connector: 'mongodb', url: source, connectTimeoutMs: 2_000 },
    destination: { connector: 'mongodb', url: destination, connectTimeoutMs: 2_000 },
    collections: ['t'],
    create: true,
    rowsPerPartition: 200,
    retry: { attempts: 100, initialDelayMs: 50, maxDelayMs: 200 },
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
    await using engine = await engineOver(directory.path, source, root);
    const failure = await engine.check('it').then(() => null, String);
    expect(failure).toContain('refused the user ann');
    expect(failure).not.toMatch(/falsch|geheim/);
  }
  const reading = asAnn('geheim', 'authSource=admin');
  await using engine = await engineOver(directory.path, reading, asAnn('geheim', 'authSource=admin', 'into'));
  const findings = await findingsOf(engine);
  expect(findings).toMatchObject([
    { code: 'permission-denied', subject: 'lockstep_state', message: expect.stringContaining('insert') },
    { code: 'permission-denied', subject: 't', message: expect.stringContaining('createCollection') },
  ]);
  await using allowed = await engineOver(directory.path, reading, root);
  expect(await allowed.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 1 }] });
});

test('a standalone server can be read, with a warning, and can’t be written', async () => {
  await using standalone = await startMongo({ standalone: true });
  await using client = new MongoClient(standalone.url);
  await client.db('from').collection('t').insertOne({ v: 1 });
  await using target = await createMongoDatabase();
  await using directory = await temporaryDirectory();
  await using from = await engineOver(directory.path, named(standalone.url, 'from'), target.url);
  expect(await findingsOf(from)).toMatchObject([{ code: 'mongodb-standalone', level: 'warning' }]);
  expect(await from.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 1 }] });
  await using into = await engineOver(
    directory.path,
    named(standalone.url, 'from'),
    named(standalone.url, 'into'),
  );
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

test('servers that crash and come back in the middle of a copy: it goes on by itself', async () => {
  await using server = await startMongo();
  await using client = new MongoClient(server.url);
  const documents = Array.from({ length: 3000 }, (_, v) => ({ v }));
  await client
    .db('from')
    .collection('t')
    .insertMany(documents, { writeConcern: { w: 'majority', j: true } });
  await using directory = await temporaryDirectory();
  await using engine = await engineOver(directory.path, named(server.url, 'from'), named(server.url, 'into'));
  let crashed: Promise<void> | null = null;
  engine.events.on('partition.finished', () => {
    crashed ??= server.kill().then(() => server.start());
  });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await crashed;
  expect(await client.db('into').collection('t').countDocuments()).toBe(3000);
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});

test('sides whose members step down in the middle of a copy: it goes on at the next ones, and nothing is missing or twice', async () => {
  await using set = await startMongoSet();
  await using client = new MongoClient(set.url);
  const majority = { writeConcern: { w: 'majority', j: true } } as const;
  const documents = Array.from({ length: 4000 }, (_, v) => ({ v }));
  await client.db('from').collection('t').insertMany(documents, majority);
  await using directory = await temporaryDirectory();
  const at = (database: string): string => set.url.replace('/?', `/${database}?`);
  await using engine = await engineOver(directory.path, at('from'), at('into'));
  let stepped: Promise<void> | null = null;
  engine.events.on('partition.finished', () => {
    stepped ??= set.stepDown();
  });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await stepped;
  expect(stepped).not.toBeNull();
  expect(await client.db('into').collection('t').countDocuments()).toBe(4000);
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});
