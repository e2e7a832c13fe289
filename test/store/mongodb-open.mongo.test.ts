import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openMongodbStore } from '../../src/store/mongodb/open.ts';
import { type MongoServer, startMongo } from '../../tools/servers/mongo.ts';
import { leaseOn, pipeline } from '../conformance/control-store/store-under-test.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { openStoreUnderTest } from './mongodb-fixture.ts';
import { errorOf } from './sqlite-fixture.ts';
import { runStoreProcess } from './store-process.ts';

const open = (url: string, more: { readonly database?: string } = {}) =>
  openMongodbStore({ url, patienceMs: 300, ...more });

describe('opening a store in MongoDB', () => {
  test('by four processes at once makes one store', async () => {
    await using database = await createMongoDatabase();
    const opened = await Promise.all(Array.from({ length: 4 }, () => runStoreProcess('open', database.url)));
    expect(opened[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(opened).size).toBe(1);
  });

  test('a database that is named wins over that of the URL, and collections of others stay', async () => {
    await using database = await createMongoDatabase();
    await database.db.collection('lockstep_state').insertOne({ theirs: true });
    const url = new URL(database.url);
    url.pathname = '/another';
    await using store = await open(url.href, { database: database.name });
    await leaseOn(store);
    expect(await database.db.collection('lockstep_control_leases').countDocuments()).toBe(1);
    expect(await database.db.collection('lockstep_state').countDocuments()).toBe(1);
  });

  test('is stopped by its signal, and nothing is made', async () => {
    await using database = await createMongoDatabase();
    const signal = AbortSignal.abort(new Error('SIGINT'));
    expect(await errorOf(openMongodbStore({ url: database.url, signal }))).toMatchObject({
      code: 'interrupted',
    });
    expect(await database.db.listCollections().toArray()).toEqual([]);
  });
});

describe('what is no usable store is refused and left as it is', () => {
  test('another application’s collection', async () => {
    await using database = await createMongoDatabase();
    await database.db.collection('lockstep_control_store').insertOne({ a: 1 });
    const error = await errorOf(open(database.url));
    expect(error).toMatchObject({ code: 'store-unusable', class: 'pipeline' });
    expect(error.message).toContain('another application');
    expect(await database.db.listCollections().toArray()).toHaveLength(1);
  });

  test('a newer version', async () => {
    await using under = await openStoreUnderTest();
    const { database } = under;
    await database.db.collection('lockstep_control_store').updateOne({}, { $set: { lockstep_version: 99 } });
    const error = await errorOf(open(database.url));
    expect(error).toMatchObject({ code: 'store-unusable', class: 'pipeline' });
    expect(error.message).toContain('a newer Lockstep made it (version 99');
  });

  test('a standalone server', async () => {
    await using server = await startMongo({ standalone: true });
    const error = await errorOf(open(server.url));
    expect(error).toMatchObject({ code: 'mongodb-standalone', exit: 'configuration' });
    await using client = new MongoClient(server.url);
    const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
    expect(databases.map(({ name }) => name)).not.toContain('lockstep_control');
  });
});

describe('who comes, and where to', () => {
  let server: MongoServer;
  beforeAll(async () => {
    server = await startMongo({ auth: true });
  });
  afterAll(async () => server?.[Symbol.asyncDispose]());

  const loginWith = async (user: string, roles: readonly string[]): Promise<string> => {
    await using client = new MongoClient(server.url);
    const granted = roles.map((role) => ({ role, db: 'control' }));
    await client.db('control').command({ createUser: user, pwd: 'planted-canary', roles: granted });
    const url = new URL(server.urlFor({ user, password: 'planted-canary' }));
    url.pathname = '/control';
    return url.href;
  };

  test('the role readWrite on the database is enough, also to end what a dead owner left open', async () => {
    const url = await loginWith('writes', ['readWrite']);
    await using store = await open(url);
    await leaseOn(store);
    await using next = await open(url);
    const { fence } = await leaseOn(next);
    await next.checkpoints.save({ pipeline, fence }, [{ space: 's', name: 'n', value: 1 }]);
  });

  test('who may only read is told at the first write what is needed', async () => {
    const made = await open(await loginWith('makes', ['readWrite']));
    await made[Symbol.asyncDispose]();
    await using store = await open(await loginWith('reads', ['read']));
    const error = await errorOf(leaseOn(store));
    expect(error).toMatchObject({ code: 'permission-denied', class: 'pipeline' });
    expect(error.cure).toContain('readWrite on control');
  });

  test('a wrong password is told, and not shown', async () => {
    const url = new URL(await loginWith('comes', ['readWrite']));
    url.password = 'wrong-canary';
    const error = await errorOf(open(url.href));
    expect(error).toMatchObject({ code: 'authentication-failed', class: 'pipeline' });
    expect(`${error.message} ${error.cure} ${String(error.cause)}`).not.toContain('canary');
  });

  test('where nothing listens: `store-unreachable`; an option that is none: `mongodb-url-invalid`', async () => {
    const error = await errorOf(open('mongodb://127.0.0.1:1/control'));
    expect(error).toMatchObject({ code: 'store-unreachable', class: 'transient', exit: 'connection' });
    expect(await errorOf(open('mongodb://127.0.0.1:1/control?w=majority&nonsense=1'))).toMatchObject({
      code: 'mongodb-url-invalid',
    });
  });
});
