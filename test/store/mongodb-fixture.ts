import { afterAll } from 'vitest';
import type { ControlStore } from '../../src/protocol/control-store.ts';
import { openMongodbStore } from '../../src/store/mongodb/open.ts';
import { durationMs, pipeline } from '../conformance/control-store/store-under-test.ts';
import type { StoreUnderTest } from '../conformance/control-store.ts';
import { createMongoDatabase, type MongoTestDatabase } from '../support/mongo.ts';

/** To make collections and indexes takes longer than most tests: the next test finds those of an earlier one, without a document. */
const emptied: MongoTestDatabase[] = [];

afterAll(async () => {
  for (const database of emptied.splice(0)) await database[Symbol.asyncDispose]();
});

async function takeDatabase(): Promise<MongoTestDatabase> {
  const database = emptied.pop() ?? (await createMongoDatabase());
  return { ...database, [Symbol.asyncDispose]: () => giveBack(database) };
}

async function giveBack(database: MongoTestDatabase): Promise<void> {
  const collections = await database.db.listCollections({}, { nameOnly: true }).toArray();
  await Promise.all(collections.map(({ name }) => database.db.collection(name).deleteMany({})));
  emptied.push(database);
}

/** A database with nothing but a store in it. */
export async function openStoreUnderTest(): Promise<
  StoreUnderTest & { readonly database: MongoTestDatabase }
> {
  await using opening = new AsyncDisposableStack();
  const database = opening.use(await takeDatabase());
  const open = async (): Promise<ControlStore> => opened.use(await openMongodbStore({ url: database.url }));
  const store = opening.use(await openMongodbStore({ url: database.url }));
  const opened = opening.move();
  return {
    database,
    store,
    reopen: open,
    passTime: (ms) => age(database, ms),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The server's clock can't be set, so everything that it has dated becomes older. */
async function age({ db }: MongoTestDatabase, ms: number): Promise<void> {
  await db.collection('lockstep_control_leases').updateMany({}, { $inc: { expires_at_ms: -ms } });
}

/** A place for a store, for processes of a test's own, which may be killed. */
export async function mongodbPlace(): Promise<AsyncDisposable & { readonly place: string }> {
  const database = await takeDatabase();
  const endTransactions = async (): Promise<void> => {
    // What a killed process left open would hold its documents for a minute; who takes its lease ends it.
    await using store = await openMongodbStore({ url: database.url });
    await store.leases.acquire({ pipeline, owner: 'node-a', durationMs });
  };
  return {
    place: database.url,
    [Symbol.asyncDispose]: async () => {
      await endTransactions();
      await database[Symbol.asyncDispose]();
    },
  };
}
