import { setTimeout as sleep } from 'node:timers/promises';
import { type Document, MongoClient } from 'mongodb';
import { guardServer, type OrphanGuard } from './guard.ts';
import { mongodBinary } from './mongo/binary.ts';
import { writeKeyFile } from './mongo/key-file.ts';
import { Mongod } from './mongo/mongod.ts';
import { freePort } from './ports.ts';
import { makeFolder } from './postgres/cluster.ts';
import { serverUser } from './system-user.ts';

export interface StartMongoSetOptions {
  /** Default: 3. */
  readonly members?: number;
  /** Users have to log in; the first is `root` with the password `root`. */
  readonly auth?: boolean;
  /** Of each member. */
  readonly arguments?: readonly string[];
  readonly signal?: AbortSignal;
}

/** A real replica set on 127.0.0.1, with elections that take a second. Disposing it stops all members and removes their data. */
export interface MongoSet extends AsyncDisposable {
  /** Names all members, and no database; as somebody who may do everything. */
  readonly url: string;
  urlFor(login: { readonly user: string; readonly password: string }): string;
  /** The member that takes writes gives it up, as for maintenance; resolves once another one has it. */
  stepDown(): Promise<void>;
  /** SIGKILL to the member that takes writes; resolves once another one does, with what starts it again. */
  killPrimary(): Promise<{ start(): Promise<void> }>;
}

const name = 'lockstep';
const root = { user: 'root', password: 'root' };
type Login = typeof root;
const atAdmin = 'authSource=admin';
const readyDeadlineMs = 60_000;
/** Elections begin after ten seconds by default. */
const settings = { electionTimeoutMillis: 1000, heartbeatIntervalMillis: 200 };

/** Throws ServerUnavailable where no mongod can be had. */
export async function startMongoSet(options: StartMongoSetOptions = {}): Promise<MongoSet> {
  const binary = await mongodBinary(options.signal);
  await using opened = new AsyncDisposableStack();
  const members: Member[] = [];
  for (let number = 0; number < (options.members ?? 3); number += 1)
    members.push(opened.use(await Member.start(binary, options)));
  const hosts = members.map(({ host }, _id) => ({ _id, host }));
  await members[0]?.run({ replSetInitiate: { _id: name, members: hosts, settings } });
  const login = options.auth === true ? root : null;
  const set = new RunningSet({ members, login }, opened.move());
  const primary = await set.primary();
  // As long as there is nobody, whoever comes from the same machine may make the first user.
  if (login !== null) await primary.run({ createUser: login.user, pwd: login.password, roles: ['root'] });
  return set;
}

class Member implements AsyncDisposable {
  readonly host: string;
  readonly #mongod: Mongod;
  readonly #guard: OrphanGuard;

  private constructor(mongod: Mongod, guard: OrphanGuard, port: number) {
    this.host = `127.0.0.1:${port}`;
    this.#mongod = mongod;
    this.#guard = guard;
  }

  static async start(
    binary: string,
    { arguments: more = [], auth = false, signal }: StartMongoSetOptions,
  ): Promise<Member> {
    const user = await serverUser();
    const folder = await makeFolder({ name: 'mongo', durable: false, user });
    const guard = guardServer({ directory: folder.folder, pidFile: folder.pidFile });
    const port = await freePort();
    const login = auth ? ['--auth', '--keyFile', await writeKeyFile(folder.folder, user)] : [];
    const all = ['--replSet', name, ...login, ...more];
    const mongod = new Mongod({ binary, folder, port, arguments: all, user });
    try {
      await mongod.start(signal);
    } catch (thrown) {
      await mongod.remove();
      guard[Symbol.dispose]();
      throw thrown;
    }
    return new Member(mongod, guard, port);
  }

  get isRunning(): boolean {
    return this.#mongod.pid !== undefined;
  }

  start(): Promise<void> {
    return this.#mongod.start();
  }

  kill(): Promise<void> {
    return this.#mongod.kill();
  }

  async run(command: Document, login: Login | null = null): Promise<Document> {
    const as = login === null ? '' : `${login.user}:${login.password}@`;
    const options = `directConnection=true${login === null ? '' : `&${atAdmin}`}`;
    await using client = new MongoClient(`mongodb://${as}${this.host}/?${options}`);
    return await client.db('admin').command(command);
  }

  async isPrimary(): Promise<boolean> {
    if (!this.isRunning) return false;
    const { isWritablePrimary } = await this.run({ hello: 1 });
    return isWritablePrimary === true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#mongod.remove();
    this.#guard[Symbol.dispose]();
  }
}

class RunningSet implements MongoSet {
  readonly url: string;
  readonly #members: readonly Member[];
  readonly #login: Login | null;
  readonly #opened: AsyncDisposableStack;

  constructor(
    { members, login }: { readonly members: readonly Member[]; readonly login: Login | null },
    opened: AsyncDisposableStack,
  ) {
    this.#members = members;
    this.#login = login;
    this.#opened = opened;
    this.url = login === null ? `mongodb://${this.#hosts}/?replicaSet=${name}` : this.urlFor(login);
  }

  get #hosts(): string {
    return this.#members.map(({ host }) => host).join();
  }

  urlFor({ user, password }: Login): string {
    return `mongodb://${user}:${password}@${this.#hosts}/?replicaSet=${name}&${atAdmin}`;
  }

  /** Waits for it; never the one that had it. */
  async primary(former?: Member): Promise<Member> {
    const deadline = Date.now() + readyDeadlineMs;
    for (;;) {
      for (const member of this.#members) if (member !== former && (await member.isPrimary())) return member;
      if (Date.now() > deadline) throw new Error('no member became primary');
      await sleep(20);
    }
  }

  async stepDown(): Promise<void> {
    const former = await this.primary();
    await former.run({ replSetStepDown: 5, secondaryCatchUpPeriodSecs: 4, force: true }, this.#login);
    await this.primary(former);
  }

  async killPrimary(): Promise<{ start(): Promise<void> }> {
    const former = await this.primary();
    await former.kill();
    await this.primary(former);
    return { start: () => former.start() };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}
