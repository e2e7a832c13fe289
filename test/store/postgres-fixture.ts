import type { ControlStore } from '../../src/protocol/control-store.ts';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import type { StoreUnderTest } from '../conformance/control-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

export const schema = 'lockstep_control';

/** A database with nothing but a store in it. */
export async function openStoreUnderTest(): Promise<StoreUnderTest & { readonly database: TestDatabase }> {
  await using opening = new AsyncDisposableStack();
  const database = opening.use(await createTestDatabase());
  const open = async (): Promise<ControlStore> =>
    opened.use(await openPostgresStore({ url: database.url, schema }));
  const store = opening.use(await openPostgresStore({ url: database.url, schema }));
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
async function age(database: TestDatabase, ms: number): Promise<void> {
  await database.query(`UPDATE ${schema}.leases SET expires_at_ms = expires_at_ms - $1`, [ms]);
}

/** A place for a store, for processes of a test's own. */
export async function postgresPlace(): Promise<AsyncDisposable & { readonly place: string }> {
  const database = await createTestDatabase();
  return { place: database.url, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() };
}
