import { MongoClient } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { openMongodbStore } from '../../src/store/mongodb/open.ts';
import { durationMs, leaseOn, pagesOf, pipeline } from '../conformance/control-store/store-under-test.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { openStoreUnderTest } from './mongodb-fixture.ts';
import { errorOf } from './sqlite-fixture.ts';

const entry = (value: number) => [{ space: 's', name: 'n', value }];

test('what the URL says of confirmations and reads does not count', async () => {
  await using database = await createMongoDatabase();
  const url = `${database.url}&w=1&journal=false&readConcernLevel=local&readPreference=secondary&retryWrites=false`;
  await using store = await openMongodbStore({ url });
  await database.db.setProfilingLevel('all');
  const { fence } = await leaseOn(store);
  await store.checkpoints.save({ pipeline, fence }, entry(1));
  await database.db.setProfilingLevel('off');
  const profile = database.db.collection('system.profile');
  const taken = await profile.findOne({ 'command.findAndModify': 'lockstep_control_leases' });
  expect(taken?.['command'].writeConcern).toMatchObject({ w: 'majority', j: true });
  const begun = await profile.findOne({ 'command.startTransaction': true });
  expect(begun?.['command'].readConcern).toMatchObject({ level: 'snapshot' });
  expect(await store.checkpoints.get(pipeline, 's', 'n')).toBe(1);
});

describe('who stopped in the middle of a transaction', () => {
  test('keeps nobody from taking its lease, and commits nothing any more', async () => {
    await using under = await openStoreUnderTest();
    const { db, url } = under.database;
    await leaseOn(under.store, 'node-a');
    await using client = new MongoClient(url);
    await using session = client.startSession();
    const leases = client.db(under.database.name).collection<{ _id: string }>('lockstep_control_leases');
    const named = { sessions: { id: session.id?.['id'], write: null } };
    await db
      .collection<{ _id: string; sessions: unknown[] }>('lockstep_control_leases')
      .updateOne({ _id: pipeline }, { $push: named });
    await under.passTime(durationMs + 1);
    session.startTransaction();
    await leases.updateOne({ _id: pipeline }, { $set: { late: true } }, { session });
    const other = await under.reopen();
    const taken = await other.leases.acquire({ pipeline, owner: 'node-b', durationMs });
    expect(taken?.owner).toBe('node-b');
    await expect(session.commitTransaction()).rejects.toMatchObject({ code: 251 });
    expect(await leases.countDocuments({ late: true })).toBe(0);
  });

  test('does not keep the owner’s lease from being seen as held', async () => {
    await using under = await openStoreUnderTest();
    const lease = await leaseOn(under.store, 'node-a');
    await using client = new MongoClient(under.database.url);
    await using session = client.startSession();
    session.startTransaction();
    const leases = client.db(under.database.name).collection<{ _id: string }>('lockstep_control_leases');
    await leases.updateOne({ _id: pipeline }, { $set: { writing: true } }, { session });
    const other = await under.reopen();
    expect(await other.leases.acquire({ pipeline, owner: 'node-b', durationMs })).toBeNull();
    await session.commitTransaction();
    expect(await under.store.leases.renew(lease, durationMs)).toMatchObject({ fence: lease.fence });
  });
});

test('a clock that jumps back: a dead owner’s lease lasts at most one duration longer', async () => {
  await using under = await openStoreUnderTest();
  await leaseOn(under.store, 'node-a');
  await under.passTime(-3_600_000);
  const asked = { pipeline, owner: 'node-b', durationMs };
  expect(await under.store.leases.acquire(asked)).toBeNull();
  await under.passTime(durationMs + 1);
  expect(await under.store.leases.acquire(asked)).not.toBeNull();
});

describe('a store that is lost or replaced', () => {
  test('dropped while it is open: `store-unusable`, nothing is made; opened anew it is another store', async () => {
    await using under = await openStoreUnderTest();
    const { store, database } = under;
    const { fence } = await leaseOn(store);
    await database.db.dropDatabase();
    const calls = [
      () => store.checkpoints.save({ pipeline, fence }, entry(1)),
      () => store.requests.open(pipeline),
      () => store.requests.ask(pipeline, { kind: 'replay', detail: null, askedAtMs: 1 }),
      () => store.requests.setPaused(pipeline, { sinceMs: 1, reason: 'r' }),
      () => store.leases.acquire({ pipeline, owner: 'node-a', durationMs }),
    ];
    for (const call of calls)
      expect(await errorOf(call())).toMatchObject({ code: 'store-unusable', class: 'pipeline' });
    expect(await database.db.listCollections().toArray()).toEqual([]);
    expect((await under.reopen()).storeId).not.toBe(store.storeId);
  });

  test('an older copy in its place: the fence is lower, writes are refused; `atLeast` lifts it above what a destination saw', async () => {
    await using under = await openStoreUnderTest();
    const { store, database } = under;
    await leaseOn(store);
    const leases = database.db.collection<{ _id: string }>('lockstep_control_leases');
    const older = await leases.findOne({ _id: pipeline });
    const { fence: seen } = await leaseOn(store);
    await leases.replaceOne({ _id: pipeline }, older ?? {});
    const save = store.checkpoints.save({ pipeline, fence: seen }, entry(1));
    expect(await errorOf(save)).toMatchObject({ code: 'fence-lost' });
    const restored = await under.reopen();
    expect(restored.storeId).toBe(store.storeId);
    expect((await restored.leases.get(pipeline))?.fence).toBeLessThan(seen);
    const lifted = await restored.leases.acquire({ pipeline, owner: 'node-a', durationMs, atLeast: seen });
    expect(lifted?.fence).toBe(seen + 1);
  });

  test('closed: says so', async () => {
    await using under = await openStoreUnderTest();
    await under.store[Symbol.asyncDispose]();
    expect((await errorOf(under.store.leases.get(pipeline))).message).toContain('it was closed');
  });
});

describe('what is kept', () => {
  test('a fence beyond the integers that can be told apart is refused', async () => {
    await using under = await openStoreUnderTest();
    const request = { pipeline, owner: 'node-a', durationMs, atLeast: Number.MAX_SAFE_INTEGER };
    await expect(under.store.leases.acquire(request)).rejects.toThrow('told apart');
    expect(await under.store.leases.get(pipeline)).toBeNull();
    const below = await under.store.leases.acquire({ ...request, atLeast: Number.MAX_SAFE_INTEGER - 1 });
    expect(below?.fence).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('a letter whose row is larger than a document may be is kept without the row', async () => {
    await using under = await openStoreUnderTest();
    const { fence } = await leaseOn(under.store);
    const letter = { collection: 'users', code: 'value-refused', message: 'm', failedAtMs: 1 } as const;
    const [fits, tooLarge] = [new Uint8Array(15 << 20), new Uint8Array(17 << 20)];
    const letters = [
      { ...letter, key: 'a', sealed: fits },
      { ...letter, key: 'b', sealed: tooLarge },
    ];
    await under.store.deadLetters.put({ pipeline, fence }, letters, 10);
    const found = await under.store.deadLetters.list(pipeline, { limit: 10 });
    expect(found.map(({ key, sealed }) => [key, sealed?.length])).toEqual([
      ['a', fits.length],
      ['b', undefined],
    ]);
  });

  test('the newest 1,000 runs and requests of a pipeline, and of these all that are open', async () => {
    await using under = await openStoreUnderTest();
    const { database, store } = under;
    const { fence } = await leaseOn(store);
    const numbered = (column: object, from: number) =>
      Array.from({ length: 1_100 }, (_, n) => ({ pipeline, id: n + from, ...column }));
    const run = { kind: 'run', started_at_ms: 1, ended_at_ms: null, result: 'equal', summary: 'null' };
    await database.db.collection('lockstep_control_runs').insertMany(numbered(run, -1_100));
    const begun = await store.runs.begin({ pipeline, fence }, { kind: 'run', startedAtMs: 5000 });
    const kept = await store.runs.list(pipeline, 5000);
    expect([kept.length, kept[0]?.id]).toEqual([1000, begun]);
    const requests = database.db.collection('lockstep_control_requests');
    const request = { kind: 'replay', detail: 'null', result: 'null', asked_at_ms: 1 };
    await requests.insertMany(numbered({ ...request, state: 'done' }, -1_100));
    await requests.updateOne({ id: -1_100 }, { $set: { state: 'waiting' } });
    const asked = await store.requests.ask(pipeline, { kind: 'replay', detail: null, askedAtMs: 1 });
    expect((await store.requests.open(pipeline)).map(({ id }) => id)).toEqual([-1_100, asked]);
    expect(await requests.countDocuments()).toBe(1_001);
  });

  test('of a guard that is gone, nothing, however many keys it had', async () => {
    await using under = await openStoreUnderTest();
    const { database, store } = under;
    const { fence } = await leaseOn(store);
    const by = { pipeline, fence };
    const guard = { collection: 'users', leaving: 1, total: 2, samples: [], raisedAtMs: 1 };
    const keys = Array.from({ length: 6_000 }, (_, n) => `["${n}"]`);
    await store.guards.raise(by, guard, pagesOf(keys));
    await store.guards.raise(by, { ...guard, raisedAtMs: 2 }, pagesOf(['a']));
    await store.removePipeline(by);
    for (const name of ['guards', 'guard_keys'])
      expect(await database.db.collection(`lockstep_control_${name}`).countDocuments()).toBe(0);
  });
});
