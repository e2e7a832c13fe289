import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the demo needs of the project's server support, which is part of the checkout and not of the published package. */
interface ServerSupport {
  startPostgres(options: { readonly version: 17 | 18; readonly signal?: AbortSignal }): Promise<Server>;
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

/** Two real servers of different versions, a database on each, clients to look into them, and a directory for the control store. */
export interface Stage extends AsyncDisposable {
  readonly source: Client;
  readonly target: Client;
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
  const [old, young] = await Promise.allSettled(
    [17, 18].map((version) => support.startPostgres({ version: version === 17 ? 17 : 18, signal })),
  );
  for (const started of [old, young]) if (started?.status === 'fulfilled') resources.use(started.value);
  if (old?.status !== 'fulfilled' || young?.status !== 'fulfilled') throw reasonOf(old, young);
  await old.value.createDatabase('shop');
  await young.value.createDatabase('shop_copy');
  const directory = await mkdtemp(join(tmpdir(), 'lockstep-demo-'));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  const environment = {
    QUICKSTART_SOURCE: old.value.url('shop'),
    QUICKSTART_TARGET: young.value.url('shop_copy'),
    QUICKSTART_STORE: join(directory, 'lockstep.db'),
  };
  const source = resources.use(await old.value.connect('shop'));
  const target = resources.use(await young.value.connect('shop_copy'));
  const kept = resources.move();
  const connectSource = () => old.value.connect('shop');
  return { source, target, connectSource, environment, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function reasonOf(...results: readonly (PromiseSettledResult<unknown> | undefined)[]): Error {
  const failed = results.find((result) => result?.status === 'rejected');
  return failed?.reason instanceof Error ? failed.reason : new Error('PostgreSQL could not be started');
}
