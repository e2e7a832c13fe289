import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chat, currentChat, marketplace } from './schemas.sql.ts';

/** What is needed of the project's server support, which is part of the checkout and not of the published package. */
interface ServerSupport {
  startPostgres(options: { readonly version: 17 | 18; readonly signal?: AbortSignal }): Promise<Server>;
}
interface Server extends AsyncDisposable {
  readonly port: number;
  createDatabase(name: string): Promise<string>;
  connect(database: string): Promise<Client & AsyncDisposable>;
}

/** Somebody who looks into a database, or changes it. */
export interface Client {
  query<Row = Record<string, unknown>>(sql: string): Promise<{ readonly rows: readonly Row[] }>;
}

/** Two real servers with the marketplace's and the chat's tables, clients for them, and the variables of the recipe. */
export interface Stage extends AsyncDisposable {
  readonly marketplace: Client;
  readonly chat: Client;
  /** Another client of the chat, for what holds a lock. */
  connectChat(): Promise<Client & AsyncDisposable>;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

const names = { marketplace: 'myusta_backend', chat: 'myusta_chatapp' } as const;

export async function setStage(signal: AbortSignal): Promise<Stage> {
  // Computed, so that the published package does not try to contain it.
  const support = (await import(
    new URL('../../../../tools/servers/postgres.ts', import.meta.url).href
  )) as ServerSupport;
  await using resources = new AsyncDisposableStack();
  const started = await Promise.allSettled([
    support.startPostgres({ version: 17, signal }),
    support.startPostgres({ version: 18, signal }),
  ]);
  for (const each of started) if (each.status === 'fulfilled') resources.use(each.value);
  const [source, target] = started.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
  if (source === undefined || target === undefined) throw new Error('two servers were asked for');
  await source.createDatabase(names.marketplace);
  await target.createDatabase(names.chat);
  const directory = await mkdtemp(join(tmpdir(), 'lockstep-user-table-'));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  const clients = {
    marketplace: resources.use(await source.connect(names.marketplace)),
    chat: resources.use(await target.connect(names.chat)),
  };
  await clients.marketplace.query(marketplace);
  await clients.chat.query(chat(currentChat));
  const kept = resources.move();
  return {
    ...clients,
    connectChat: () => target.connect(names.chat),
    directory,
    environment: environmentOf(source.port, target.port),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const environmentOf = (source: number, target: number): Readonly<Record<string, string>> => ({
  SOURCE_DB_HOST: '127.0.0.1',
  SOURCE_DB_PORT: String(source),
  SOURCE_DB_NAME: names.marketplace,
  SOURCE_DB_USER: 'postgres',
  SOURCE_DB_PASSWORD: 'trusted here',
  CHAT_DB_HOST: '127.0.0.1',
  CHAT_DB_PORT: String(target),
  CHAT_DB_NAME: names.chat,
  CHAT_DB_USER: 'postgres',
  CHAT_DB_PASSWORD: 'trusted here',
  HTTP_PORT: '0',
  SYNC_INTERVAL_SECONDS: '2',
  RETRY_INITIAL_DELAY: '50',
  RETRY_MAX_DELAY: '1000',
});
