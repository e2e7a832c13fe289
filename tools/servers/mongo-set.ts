import { setTimeout as sleep } from 'node:timers/promises';
import { type Document, MongoClient } from 'mongodb';
import { guardServer, type OrphanGuard } from './guard.ts';
import { mongodBinary } from './mongo/binary.ts';
import { Mongod } from './mongo/mongod.ts';
import { freePort } from './ports.ts';
import { makeFolder } from './postgres/cluster.ts';
import { serverUser } from './system-user.ts';

export interface StartMongoSetOptions {
  /** Default: 3. */
  readonly members?: number;
  /** Of each member. */
  readonly arguments?: readonly string[];
  readonly signal?: AbortSignal;
}

/** A real replica set on 127.0.0.1, with elections that take a second. Disposing it stops all members and removes their data. */
export interface MongoSet extends AsyncDisposable {
  /** Names all members, and no database. */
  readonly url: string;
  /** The member that takes writes gives it up, as for maintenance; resolves once another one has it. */
  stepDown(): Promise<void>;
  /** SIGKILL to the member that takes writes; resolves once another one does, with what starts it again. */
  killPrimary(): Promise<{ start(): Promise<void> }>;
}

const name = 'lockstep';
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
  const set = new RunningSet(members, opened.move());
  await set.primary();
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
    { arguments: more = [], signal }: StartMongoSetOptions,
  ): Promise<Member> {
    const user = await serverUser();
    const folder = await makeFolder({ name: 'mongo', durable: false, user });
    const guard = guardServer({ directory: folder.folder, pidFile: folder.pidFile });
    const port = await freePort();
    const mongod = new Mongod({ binary, folder, port, arguments: ['--replSet', name, ...more], user });
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

  async run(command: Document): Promise<Document> {
    await using client = new MongoClient(`mongodb://${this.host}/?directConnection=true`);
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
  readonly #opened: AsyncDisposableStack;

  constructor(members: readonly Member[], opened: AsyncDisposableStack) {
    this.#members = members;
    this.#opened = opened;
    this.url = `mongodb://${members.map(({ host }) => host).join()}/?replicaSet=${name}`;
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
    await former.run({ replSetStepDown: 5, secondaryCatchUpPeriodSecs: 4, force: true });
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
