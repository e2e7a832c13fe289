/** What a server of the project's own support can do, which is part of the checkout and not of the published package. */
interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  url(database: string): string;
  createDatabase(name: string): Promise<string>;
  connect(database: string): Promise<Client & AsyncDisposable>;
}
interface MongoServer extends AsyncDisposable {
  readonly url: string;
}

interface PostgresSupport {
  startPostgres(options: {
    readonly version: 17 | 18;
    readonly signal: AbortSignal;
  }): Promise<PostgresServer>;
}
interface MongoSupport {
  startMongo(options: { readonly signal: AbortSignal }): Promise<MongoServer>;
}

/** Somebody who looks into a PostgreSQL database, or changes it. */
export interface Client {
  query<Row = Record<string, unknown>>(sql: string): Promise<{ readonly rows: readonly Row[] }>;
}

/** Two real servers; disposing them ends both. */
export interface Pair<Server> extends AsyncDisposable {
  readonly source: Server;
  readonly target: Server;
}

/** PostgreSQL 17 as the source, 18 as the target. */
export async function startPostgresPair(signal: AbortSignal): Promise<Pair<PostgresServer>> {
  const { startPostgres }: PostgresSupport = await import(support('postgres'));
  return await pairOf(startPostgres({ version: 17, signal }), startPostgres({ version: 18, signal }));
}

/** Replica sets of one member each. */
export async function startMongoPair(signal: AbortSignal): Promise<Pair<MongoServer>> {
  return await pairOf(startMongo(signal), startMongo(signal));
}

/** A replica set of one member. */
export async function startMongo(signal: AbortSignal): Promise<MongoServer> {
  const { startMongo: start }: MongoSupport = await import(support('mongo'));
  return await start({ signal });
}

/** Computed, so that the published package does not try to contain it. */
const support = (name: string): string => new URL(`../../../tools/servers/${name}.ts`, import.meta.url).href;

async function pairOf<Server extends AsyncDisposable>(
  ...starts: readonly [source: Promise<Server>, target: Promise<Server>]
): Promise<Pair<Server>> {
  await using resources = new AsyncDisposableStack();
  const started = await Promise.allSettled(starts);
  for (const each of started) if (each.status === 'fulfilled') resources.use(each.value);
  const [source, target] = await Promise.all(starts);
  const kept = resources.move();
  return { source, target, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
