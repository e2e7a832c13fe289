import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mongodBinary, mongodVersion } from '../../../tools/servers/mongo/binary.ts';
import { startMongo } from '../../../tools/servers/mongo.ts';
import { postgresBinaries } from '../../../tools/servers/postgres/binaries.ts';
import {
  type PostgresServer,
  type PostgresVersion,
  ServerUnavailable,
  startPostgres,
} from '../../../tools/servers/postgres.ts';
import { toError } from '../../../tools/servers/to-error.ts';
import { leftOnPostgres } from './leftovers.ts';
import { databasesOf, leftOnMongo } from './leftovers-mongo.ts';
import { type ServerKind, serverKinds } from './needs.ts';

/** What the desk answers; `attempts` is there where the server can't be had. */
export type DeskAnswer = { readonly url: string } | { readonly attempts: readonly string[] };

const versions: readonly PostgresVersion[] = [17, 18];

/**
 * Lives in the main process of a test run and hands out its servers: one per version, started when the first
 * test asks for it. GET /postgres/18 and /mongo/shared answer its URL, GET /can-have/pg?file=… whether such a file can run.
 */
export class ServerDesk implements AsyncDisposable {
  readonly #http: Server = createServer((request, response) => void this.#answer(request, response));
  readonly #postgres = new Map<PostgresVersion, Promise<PostgresServer>>();
  #mongo: Promise<SharedMongo> | null = null;
  readonly notRun = new Map<string, readonly string[]>();

  /** Returns the desk's own URL. */
  async open(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(0, '127.0.0.1', resolve);
    });
    this.#http.unref();
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** One line for everything that tests left behind on a server. */
  async leftovers(): Promise<string[]> {
    const servers = await this.#started();
    const mongo = await this.#startedMongo();
    return (
      await Promise.all([
        ...servers.map((server) => leftOnPostgres(server)),
        ...(mongo === null ? [] : [leftOnMongo(mongo.url, mongo.before)]),
      ])
    ).flat();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://desk');
    const [, what, which] = url.pathname.split('/');
    const answer = await this.#find(what ?? '', which ?? '').catch(attemptsOf);
    const file = url.searchParams.get('file');
    if (file !== null && 'attempts' in answer) this.notRun.set(file, answer.attempts);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  }

  async #find(what: string, which: string): Promise<DeskAnswer> {
    if (what === 'postgres') {
      const server = await this.#postgresOf(Number(which) as PostgresVersion);
      return { url: server.superuserUrl };
    }
    if (what === 'mongo') return { url: (await this.#sharedMongo()).url };
    const kind = serverKinds.find((each) => each === which);
    if (kind === undefined) throw new Error(`unknown request: ${what}/${which}`);
    await provable[kind]();
    return { url: '' };
  }

  #postgresOf(version: PostgresVersion): Promise<PostgresServer> {
    const running = this.#postgres.get(version);
    if (running !== undefined) return running;
    const starting = startPostgres({ version });
    this.#postgres.set(version, starting);
    return starting;
  }

  #sharedMongo(): Promise<SharedMongo> {
    this.#mongo ??= openSharedMongo();
    return this.#mongo;
  }

  async #startedMongo(): Promise<SharedMongo | null> {
    if (this.#mongo === null) return null;
    const [settled] = await Promise.allSettled([this.#mongo]);
    return settled.status === 'fulfilled' ? settled.value : null;
  }

  async #started(): Promise<PostgresServer[]> {
    const settled = await Promise.allSettled(this.#postgres.values());
    return settled.filter((each) => each.status === 'fulfilled').map((each) => each.value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    this.#http.closeAllConnections();
    await Promise.all((await this.#started()).map((server) => server[Symbol.asyncDispose]()));
    await (await this.#startedMongo())?.[Symbol.asyncDispose]();
  }
}

interface SharedMongo extends AsyncDisposable {
  readonly url: string;
  /** Databases that were there before the run: only somebody else's server has some. */
  readonly before: ReadonlySet<string>;
}

/** The replica set that `LOCKSTEP_TEST_MONGODB_URL` names, else one of our own. */
async function openSharedMongo(): Promise<SharedMongo> {
  const url = process.env['LOCKSTEP_TEST_MONGODB_URL'];
  if (url !== undefined)
    return { url, before: new Set(await databasesOf(url)), [Symbol.asyncDispose]: async () => {} };
  const server = await startMongo();
  const close = async (): Promise<void> => server[Symbol.asyncDispose]();
  return { url: server.url, before: new Set(await databasesOf(server.url)), [Symbol.asyncDispose]: close };
}

const provable: Record<ServerKind, () => Promise<void>> = {
  pg: async () => {
    for (const version of versions) await postgresBinaries(version);
  },
  mongo: async () => {
    await mongodBinary();
  },
  mongo8: async () => {
    const version = await mongodVersion(await mongodBinary());
    if (Number.parseInt(version, 10) < 8)
      throw new ServerUnavailable('MongoDB 8.0 or newer', [
        `mongod is ${version} here; LOCKSTEP_TEST_MONGOD names another`,
      ]);
  },
  kafka: () => notYet('Kafka'),
  browser: () => notYet('a browser'),
};

function notYet(server: string): Promise<never> {
  return Promise.reject(new ServerUnavailable(server, ['the test support for it is not written yet']));
}

function attemptsOf(thrown: unknown): DeskAnswer {
  if (thrown instanceof ServerUnavailable) return { attempts: [`${thrown.server}:`, ...thrown.attempts] };
  return { attempts: [toError(thrown).message] };
}
