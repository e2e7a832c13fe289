import type { Verification } from '../../../../src/recipes/user-table/commands/verify.ts';
import {
  type ChatVariant,
  chat,
  currentChat,
  marketplace,
} from '../../../../src/recipes/user-table/demo/schemas.sql.ts';
import type { SyncStats } from '../../../../src/recipes/user-table/statistics.ts';
import { type Child, type ChildResult, runChild, startChild } from '../../../support/child.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { type Ended, type LogLine, loggedBy, runCommand } from '../../support/command.ts';
import { eventually } from '../../support/eventually.ts';

export interface TownOptions {
  readonly variant?: ChatVariant;
  /** Another way to a database: through a proxy. */
  readonly ports?: { readonly source?: number; readonly chat?: number };
  readonly env?: Readonly<Record<string, string>>;
}

/** A marketplace and a chat with their real schemas, and commands of the recipe between them, each in a process of its own. */
export interface Town extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly chat: TestDatabase;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command to its end; `answer` is its last line. */
  command(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended>;
  /** The same without --json. */
  commandForPeople(args: readonly string[]): Promise<ChildResult>;
  verify(): Promise<Verification>;
  /** Starts the service and waits until it listens. */
  begin(command?: 'start' | 'setup' | 'realtime', env?: Readonly<Record<string, string>>): Promise<Service>;
  /** The same, and until it is healthy. */
  start(command?: 'start' | 'setup' | 'realtime', env?: Readonly<Record<string, string>>): Promise<Service>;
  chatUsers(): Promise<readonly ChatUser[]>;
  chatUser(id: string): Promise<ChatUser | undefined>;
  /** In the order of the ids; null: none, or no such user. */
  phonesOf(ids: readonly string[]): Promise<readonly (string | null)[]>;
  errors(): Promise<readonly SyncError[]>;
}

export interface Service extends AsyncDisposable {
  readonly child: Child;
  readonly url: string;
  get(path: string): Promise<{ readonly code: number; readonly text: string }>;
  stats(): Promise<SyncStats & { readonly pipeline: { readonly status: string } | null }>;
  healthy(): Promise<void>;
  /** Lines of its log with this message. */
  logged(message: string | RegExp): readonly LogLine[];
  stop(signal?: NodeJS.Signals): Promise<ChildResult>;
}

export interface ChatUser {
  readonly id: string;
  readonly externalId: string | null;
  readonly name: string;
  readonly phone: string | null;
  readonly email: string | null;
  readonly role: string;
  readonly avatar: string | null;
  readonly metaData: Readonly<Record<string, unknown>> | null;
  readonly createdAt: Date;
  readonly firstName?: string | null;
  readonly lastName?: string | null;
  readonly socketId: string | null;
}

export interface SyncError {
  readonly error_type: string;
  readonly user_id: string | null;
  readonly error_message: string;
  readonly resolved: boolean;
  readonly resolved_at: Date | null;
  readonly retry_count: number;
  readonly additional_data: Readonly<Record<string, unknown>>;
}

const cli = new URL('../../../../src/cli/main.ts', import.meta.url).pathname;

/** Short enough for a test. */
const brief = {
  SYNC_INTERVAL_SECONDS: '2',
  RETRY_INITIAL_DELAY: '50',
  RETRY_MAX_DELAY: '500',
  HTTP_PORT: '0',
};

export async function openTown({
  variant = currentChat,
  ports = {},
  env: more = {},
}: TownOptions = {}): Promise<Town> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase({ version: 17 }));
  const chatDatabase = opened.use(await createTestDatabase({ version: 18 }));
  const { path: directory } = opened.use(await temporaryDirectory());
  await source.query(marketplace);
  await chatDatabase.query(chat(variant));
  const env = {
    ...brief,
    ...variablesOf('SOURCE_DB', source, ports.source),
    ...variablesOf('CHAT_DB', chatDatabase, ports.chat),
    ...more,
  };
  const kept = opened.move();
  const command: Town['command'] = (args, others = {}) =>
    runCommand({ file: cli, args: ['user-table', ...args], env: { ...env, ...others }, cwd: directory });
  const begin: Town['begin'] = async (name = 'start', others = {}) => {
    const service = serve(
      startChild({ file: cli, args: ['user-table', name], env: { ...env, ...others }, cwd: directory }),
    );
    return await service;
  };
  return {
    source,
    chat: chatDatabase,
    directory,
    env,
    command,
    commandForPeople: (args) => runChild({ file: cli, args: ['user-table', ...args], env, cwd: directory }),
    begin,
    start: async (name, others) => {
      const service = await begin(name, others);
      await service.healthy();
      return service;
    },
    verify: async () => {
      const { answer, stderr } = await command(['verify']);
      if (answer.error !== undefined) throw new Error(`${answer.error.message}\n${stderr}`);
      return answer.result as Verification;
    },
    chatUsers: async () => (await chatDatabase.query<ChatUser>('SELECT * FROM users ORDER BY id')).rows,
    chatUser: async (id) =>
      (await chatDatabase.query<ChatUser>('SELECT * FROM users WHERE id = $1', [id])).rows[0],
    phonesOf: async (ids) => {
      const { rows } = await chatDatabase.query<{ phone: string | null }>(
        'SELECT phone FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted (id, place) LEFT JOIN users USING (id) ORDER BY place',
        [ids],
      );
      return rows.map(({ phone }) => phone);
    },
    errors: async () => {
      const { rows } = await chatDatabase.query<{ known: boolean }>(
        `SELECT to_regclass('sync_errors') IS NOT NULL AS known`,
      );
      return rows[0]?.known === true
        ? (await chatDatabase.query<SyncError>('SELECT * FROM sync_errors ORDER BY id')).rows
        : [];
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function variablesOf(
  prefix: string,
  database: TestDatabase,
  port: number | undefined,
): Record<string, string> {
  const url = new URL(database.url);
  return {
    [`${prefix}_HOST`]: url.hostname,
    [`${prefix}_PORT`]: String(port ?? url.port),
    [`${prefix}_NAME`]: url.pathname.slice(1),
    [`${prefix}_USER`]: url.username,
    [`${prefix}_PASSWORD`]: 'not looked at here',
  };
}

async function serve(child: Child): Promise<Service> {
  const line = await child.waitForLine('User synchronisation starts').catch(async (error: unknown) => {
    await child[Symbol.asyncDispose]();
    throw error;
  });
  const { http: url }: { readonly http: string } = JSON.parse(line);
  const get: Service['get'] = async (path) => {
    const response = await fetch(`${url}${path}`).catch((error: unknown) => {
      throw new Error(`the service does not answer: ${child.stdout}\n${child.stderr}`, { cause: error });
    });
    return { code: response.status, text: await response.text() };
  };
  return {
    child,
    url,
    get,
    logged: (message) => loggedBy(child, message),
    stats: async () => JSON.parse((await get('/status')).text),
    healthy: () =>
      eventually(
        'the service is healthy',
        async () => (await get('/health')).code === 200,
        async () => (await get('/status')).text,
      ),
    stop: (signal = 'SIGTERM') => child.kill(signal),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
