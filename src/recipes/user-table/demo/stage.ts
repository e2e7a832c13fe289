import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, startPostgresPair } from '../../demo/servers.ts';
import { chat, currentChat, marketplace } from './schemas.sql.ts';

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
  await using resources = new AsyncDisposableStack();
  const { source, target } = resources.use(await startPostgresPair(signal));
  await source.createDatabase(names.marketplace);
  await target.createDatabase(names.chat);
  const directory = resources.use(await mkdtempDisposable(join(tmpdir(), 'lockstep-user-table-')));
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
    directory: directory.path,
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
