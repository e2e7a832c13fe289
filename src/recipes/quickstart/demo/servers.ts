import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MongodbDatabase, openMongodb, toError } from '../../../index.ts';

/** What the demo needs of the project's server support, which is part of the checkout and not of the published package. */
interface ServerSupport {
  startPostgres(options: { readonly version: 17 | 18; readonly signal?: AbortSignal }): Promise<Server>;
}
interface MongoSupport {
  startMongo(options: { readonly signal?: AbortSignal }): Promise<AsyncDisposable & { readonly url: string }>;
}
interface Server extends AsyncDisposable {
  url(database: string): string;
  createDatabase(name: string): Promise<string>;
  connect(database: string): Promise<Client & AsyncDisposable>;
}

/** Somebody who looks into a database, or meddles with it. */
export interface Client {
  query<Row = Record<string, unknown>>(sql: string): Promise<{ readonly rows: readonly Row[] }>;
}

/** A database of MongoDB, or why there is none here. */
export type Documents = { readonly database: MongodbDatabase } | { readonly missing: string };

/** Two real servers of different versions, a database on each, clients to look into them, and a directory for the control store. */
export interface Stage extends AsyncDisposable {
  readonly source: Client;
  readonly target: Client;
  readonly documents: Documents;
  /** Another client of the source, for what takes longer. */
  connectSource(): Promise<Client & AsyncDisposable>;
  readonly environment: Readonly<Record<string, string>>;
}

export async function setStage(signal: AbortSignal): Promise<Stage> {
  // Computed, so that the published package does not try to contain it.
  const support = (await import(
    new URL('../../../../tools/servers/postgres.ts', import.meta.url).href
  )) as ServerSupport;
  await using resources = new AsyncDisposableStack();
  const [old, young, mongo] = await Promise.allSettled([
    support.startPostgres({ version: 17, signal }),
    support.startPostgres({ version: 18, signal }),
    startMongo(signal),
  ]);
  for (const started of [old, young, mongo]) if (started.status === 'fulfilled') resources.use(started.value);
  if (old.status !== 'fulfilled' || young.status !== 'fulfilled') throw reasonOf(old, young);
  signal.throwIfAborted();
  await old.value.createDatabase('shop');
  await young.value.createDatabase('shop_copy');
  const directory = await mkdtemp(join(tmpdir(), 'lockstep-demo-'));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  const environment = {
    QUICKSTART_SOURCE: old.value.url('shop'),
    QUICKSTART_TARGET: young.value.url('shop_copy'),
    QUICKSTART_STORE: join(directory, 'lockstep.db'),
    ...(mongo.status === 'fulfilled' && { QUICKSTART_DOCUMENTS: mongo.value.url }),
  };
  const source = resources.use(await old.value.connect('shop'));
  const target = resources.use(await young.value.connect('shop_copy'));
  const documents: Documents =
    mongo.status === 'fulfilled'
      ? { database: resources.use(openMongodb({ url: mongo.value.url, database: 'shop' })) }
      : { missing: toError(mongo.reason).message };
  const kept = resources.move();
  const connectSource = () => old.value.connect('shop');
  return {
    source,
    target,
    documents,
    connectSource,
    environment,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function startMongo(signal: AbortSignal): ReturnType<MongoSupport['startMongo']> {
  const support = (await import(
    new URL('../../../../tools/servers/mongo.ts', import.meta.url).href
  )) as MongoSupport;
  return await support.startMongo({ signal });
}

function reasonOf(...results: readonly PromiseSettledResult<unknown>[]): Error {
  const failed = results.find((result) => result.status === 'rejected');
  return failed?.reason instanceof Error ? failed.reason : new Error('PostgreSQL could not be started');
}
