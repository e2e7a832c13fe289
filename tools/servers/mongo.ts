import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, MongoClient } from 'mongodb';
import { guardServer, type OrphanGuard } from './guard.ts';
import { mongodBinary, mongodVersion } from './mongo/binary.ts';
import { writeKeyFile } from './mongo/key-file.ts';
import { Mongod, MongodFailed } from './mongo/mongod.ts';
import { freePort } from './ports.ts';
import { makeFolder } from './postgres/cluster.ts';
import { serverUser } from './system-user.ts';

export interface StartMongoOptions {
  /** Default: a replica set of one member. */
  readonly standalone?: boolean;
  /** Users have to log in; the first is `root` with the password `root`. */
  readonly auth?: boolean;
  /** Data on disk; default: in memory where there is room. */
  readonly durable?: boolean;
  readonly arguments?: readonly string[];
  readonly signal?: AbortSignal;
}

/** A real server on 127.0.0.1. Disposing it stops it and removes its data, as does the end of our process, whatever its cause. */
export interface MongoServer extends AsyncDisposable {
  readonly version: string;
  /** Stays the same over stop, start and kill. */
  readonly port: number;
  /** Without a database, as somebody who may do everything. */
  readonly url: string;
  readonly pid: number | undefined;
  urlFor(login: { readonly user: string; readonly password: string; readonly options?: string }): string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL, as in a crash; `start` recovers. */
  kill(): Promise<void>;
}

const replicaSet = 'lockstep';
const root = { user: 'root', password: 'root' };
const readyDeadlineMs = 30_000;

/** Throws ServerUnavailable where no mongod can be had. */
export async function startMongo(options: StartMongoOptions = {}): Promise<MongoServer> {
  const binary = await mongodBinary(options.signal);
  const version = await mongodVersion(binary);
  const user = await serverUser();
  const folder = await makeFolder({ name: 'mongo', durable: options.durable ?? false, user });
  const guard = guardServer({ directory: folder.folder, pidFile: folder.pidFile });
  const keyFile = await writeKeyFile(folder.folder, user);
  const roles = [
    ...(options.standalone === true ? [] : ['--replSet', replicaSet]),
    ...(options.auth !== true
      ? []
      : options.standalone === true
        ? ['--auth']
        : ['--auth', '--keyFile', keyFile]),
    ...(options.arguments ?? []),
  ];
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const mongod = new Mongod({ binary, folder, port, arguments: roles, user });
    try {
      await mongod.start(options.signal);
      await makeReady(port, options);
      return new RunningMongo({ mongod, guard, version, port, options });
    } catch (thrown) {
      const taken = thrown instanceof MongodFailed && thrown.log.includes('Address already in use');
      if (taken && attempt < 10) continue;
      await mongod.remove();
      guard[Symbol.dispose]();
      throw thrown;
    }
  }
}

async function makeReady(
  port: number,
  { standalone = false, auth = false }: StartMongoOptions,
): Promise<void> {
  await using client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`);
  const admin = client.db('admin');
  if (!standalone) {
    const members = [{ _id: 0, host: `127.0.0.1:${port}` }];
    await admin.command({ replSetInitiate: { _id: replicaSet, members } });
  }
  await untilPrimary(admin);
  if (auth) await admin.command({ createUser: root.user, pwd: root.password, roles: ['root'] });
}

async function untilPrimary(admin: Db): Promise<void> {
  const deadline = Date.now() + readyDeadlineMs;
  for (;;) {
    const { isWritablePrimary } = await admin.command({ hello: 1 });
    if (isWritablePrimary === true) return;
    if (Date.now() > deadline) throw new Error('mongod did not become primary');
    await sleep(20);
  }
}

interface Parts {
  readonly mongod: Mongod;
  readonly guard: OrphanGuard;
  readonly version: string;
  readonly port: number;
  readonly options: StartMongoOptions;
}

class RunningMongo implements MongoServer {
  readonly version: string;
  readonly port: number;
  readonly url: string;
  readonly #mongod: Mongod;
  readonly #guard: OrphanGuard;
  readonly #options: StartMongoOptions;

  constructor({ mongod, guard, version, port, options }: Parts) {
    this.version = version;
    this.port = port;
    this.#mongod = mongod;
    this.#guard = guard;
    this.#options = options;
    this.url =
      options.auth === true ? this.urlFor({ ...root, options: 'authSource=admin' }) : this.#url('', '');
  }

  get pid(): number | undefined {
    return this.#mongod.pid;
  }

  urlFor({ user, password, options = '' }: { user: string; password: string; options?: string }): string {
    return this.#url(`${user}:${password}@`, options);
  }

  async start(): Promise<void> {
    await this.#mongod.start();
    await using client = new MongoClient(`mongodb://127.0.0.1:${this.port}/?directConnection=true`);
    await untilPrimary(client.db('admin'));
  }

  stop(): Promise<void> {
    return this.#mongod.stop();
  }

  kill(): Promise<void> {
    return this.#mongod.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mongod.remove();
    this.#guard[Symbol.dispose]();
  }

  #url(login: string, options: string): string {
    const set = this.#options.standalone === true ? 'directConnection=true' : `replicaSet=${replicaSet}`;
    return `mongodb://${login}127.0.0.1:${this.port}/?${set}${options === '' ? '' : `&${options}`}`;
  }
}
