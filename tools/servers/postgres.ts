import { guardServer, type OrphanGuard } from './guard.ts';
import { freePort } from './ports.ts';
import { type PostgresVersion, postgresBinaries } from './postgres/binaries.ts';
import { connectTo, type DatabaseClient } from './postgres/client.ts';
import {
  type ClusterFolder,
  defaultSettings,
  initialiseCluster,
  makeFolder,
  writeSettings,
} from './postgres/cluster.ts';
import {
  type CreateDatabaseOptions,
  type CreateRoleOptions,
  createDatabase,
  createPasswordRole,
  createRole,
  databaseUrl,
  dropDatabase,
  dropRole,
} from './postgres/databases.ts';
import { Postmaster, PostmasterFailed, type StopMode } from './postgres/postmaster.ts';
import { serverUser } from './system-user.ts';

export type { PostgresVersion } from './postgres/binaries.ts';
export type { CreateDatabaseOptions, CreateRoleOptions, DatabaseLocale } from './postgres/databases.ts';
export { databaseUrl } from './postgres/databases.ts';
export type { StopMode } from './postgres/postmaster.ts';
export { ServerUnavailable } from './unavailable.ts';

export interface StartPostgresOptions {
  readonly version: PostgresVersion;
  /** Configuration parameters on top of ours: wal_level=logical, max_connections=200, timezone=UTC … */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** true: fsync on, data on disk. false (default): fsync off, data in memory where there is room. */
  readonly durable?: boolean | undefined;
  /** More arguments of initdb, for example ['--locale-provider=icu', '--icu-locale=und']. */
  readonly initdbArguments?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Login {
  readonly user?: string;
  readonly password?: string;
}

/** A real server on 127.0.0.1. Disposing it stops it and removes its data, as does the end of our process, whatever its cause. */
export interface PostgresServer extends AsyncDisposable {
  readonly version: PostgresVersion;
  readonly host: '127.0.0.1';
  /** Stays the same over stop, start, restart and kill. */
  readonly port: number;
  readonly dataDirectory: string;
  readonly logFile: string;
  /** Of the postmaster; undefined while it is stopped. */
  readonly pid: number | undefined;
  /** The database `postgres` as the superuser `postgres`. */
  readonly superuserUrl: string;
  url(database: string, login?: Login): string;
  /** A client of the superuser's; ends when it is disposed. */
  connect(database: string): Promise<DatabaseClient>;
  /** Returns the name of the new database, a random one by default. */
  createDatabase(name?: string, options?: Omit<CreateDatabaseOptions, 'name'>): Promise<string>;
  /** With its sessions, slots, subscriptions and prepared transactions. */
  dropDatabase(name: string): Promise<void>;
  createRole(options?: CreateRoleOptions): Promise<string>;
  dropRole(name: string): Promise<void>;
  /** Keeps the data; default mode fast. */
  stop(options?: { readonly mode?: StopMode }): Promise<void>;
  start(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Stop and start; `settings` are added to those it was started with. */
  restart(options?: {
    readonly mode?: StopMode;
    readonly settings?: Readonly<Record<string, string>>;
  }): Promise<void>;
  /** SIGKILL, as in a crash; `start` recovers. */
  kill(): Promise<void>;
}

/** Starts a fresh cluster. Throws ServerUnavailable where PostgreSQL of this version can't be had. */
export async function startPostgres(options: StartPostgresOptions): Promise<PostgresServer> {
  const { version, durable = false, signal } = options;
  const bin = await postgresBinaries(version, signal);
  const user = await serverUser();
  const cluster = await makeFolder({ name: `pg${version}`, durable, user });
  const guard = guardServer({ directory: cluster.folder, pidFile: cluster.pidFile });
  const postmaster = new Postmaster({ cluster, bin, user });
  try {
    const initdbArguments = options.initdbArguments ?? [];
    await initialiseCluster({
      bin,
      dataDirectory: cluster.dataDirectory,
      durable,
      user,
      initdbArguments,
      signal,
    });
    const settings = await startOnFreePort({
      cluster,
      postmaster,
      durable,
      signal,
      extra: options.settings ?? {},
    });
    const server = new RunningPostgres({ version, cluster, guard, postmaster, settings });
    await createPasswordRole(server.superuserUrl);
    return server;
  } catch (thrown) {
    await postmaster.remove();
    guard[Symbol.dispose]();
    throw thrown;
  }
}

interface FirstStart {
  readonly cluster: ClusterFolder;
  readonly postmaster: Postmaster;
  readonly durable: boolean;
  readonly extra: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | undefined;
}

async function startOnFreePort({
  cluster,
  postmaster,
  durable,
  extra,
  signal,
}: FirstStart): Promise<Record<string, string>> {
  for (let attempt = 1; ; attempt += 1) {
    const settings = { ...defaultSettings({ port: await freePort(), durable }), ...extra };
    await writeSettings(cluster.dataDirectory, settings);
    try {
      await postmaster.start(signal);
      return settings;
    } catch (thrown) {
      const taken = thrown instanceof PostmasterFailed && thrown.log.includes('Address already in use');
      if (!taken || attempt === 10) throw thrown;
    }
  }
}

interface Parts {
  readonly version: PostgresVersion;
  readonly cluster: ClusterFolder;
  readonly guard: OrphanGuard;
  readonly postmaster: Postmaster;
  readonly settings: Readonly<Record<string, string>>;
}

class RunningPostgres implements PostgresServer {
  readonly version: PostgresVersion;
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly dataDirectory: string;
  readonly logFile: string;
  readonly superuserUrl: string;
  readonly #guard: OrphanGuard;
  readonly #postmaster: Postmaster;
  #settings: Readonly<Record<string, string>>;

  constructor({ version, cluster, guard, postmaster, settings }: Parts) {
    this.version = version;
    this.port = Number(settings['port']);
    this.dataDirectory = cluster.dataDirectory;
    this.logFile = cluster.logFile;
    this.superuserUrl = `postgres://postgres@127.0.0.1:${this.port}/postgres`;
    this.#guard = guard;
    this.#postmaster = postmaster;
    this.#settings = settings;
  }

  get pid(): number | undefined {
    return this.#postmaster.pid;
  }

  url(database: string, login: Login = {}): string {
    return databaseUrl(this.superuserUrl, database, login);
  }

  connect(database: string): Promise<DatabaseClient> {
    return connectTo(this.url(database));
  }

  createDatabase(name?: string, options: Omit<CreateDatabaseOptions, 'name'> = {}): Promise<string> {
    return createDatabase(this.superuserUrl, { ...options, name });
  }

  dropDatabase(name: string): Promise<void> {
    return dropDatabase(this.superuserUrl, name);
  }

  createRole(options?: CreateRoleOptions): Promise<string> {
    return createRole(this.superuserUrl, options);
  }

  dropRole(name: string): Promise<void> {
    return dropRole(this.superuserUrl, name);
  }

  stop(options: { readonly mode?: StopMode } = {}): Promise<void> {
    return this.#postmaster.stop(options.mode ?? 'fast');
  }

  start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return this.#postmaster.start(options.signal);
  }

  async restart(
    options: { readonly mode?: StopMode; readonly settings?: Readonly<Record<string, string>> } = {},
  ): Promise<void> {
    await this.stop(options);
    this.#settings = { ...this.#settings, ...options.settings };
    await writeSettings(this.dataDirectory, this.#settings);
    await this.start();
  }

  kill(): Promise<void> {
    return this.#postmaster.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#postmaster.remove();
    this.#guard[Symbol.dispose]();
  }
}
