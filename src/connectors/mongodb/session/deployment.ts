import { type Db, MongoClient } from 'mongodb';
import type { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { type MongodbConfig, type MongodbEndpoint, resolveEndpoint } from '../config.ts';
import { type ErrorContext, interrupted, type Refusal, refusalOf, toMongodbError } from '../errors.ts';

export interface WorkOptions {
  readonly signal: AbortSignal;
  /** Named in errors. */
  readonly collection?: string;
}

/** What a server says of itself. */
export interface DeploymentFacts {
  /** `6.0.5` */
  readonly version: string;
  /** Grows with the server's abilities: 13 is MongoDB 5.0. */
  readonly wireVersion: number;
  readonly kind: 'replica-set' | 'standalone' | 'sharded';
  readonly setName: string | null;
  readonly hosts: readonly string[];
}

/** One deployment and one database of it: the driver's client, and every error of it in our words. */
export class Deployment implements AsyncDisposable {
  readonly endpoint: MongodbEndpoint;
  readonly config: MongodbConfig;
  readonly facts: DeploymentFacts;
  readonly client: MongoClient;
  /** Made once: to make one each time takes more than what most commands are built of. */
  readonly db: Db;

  private constructor(parts: {
    readonly endpoint: MongodbEndpoint;
    readonly config: MongodbConfig;
    readonly client: MongoClient;
    readonly facts: DeploymentFacts;
  }) {
    this.endpoint = parts.endpoint;
    this.config = parts.config;
    this.client = parts.client;
    this.facts = parts.facts;
    this.db = parts.client.db(parts.endpoint.database);
  }

  /** Fails here rather than in the middle of the work when no member that takes writes can be reached. */
  static async open(
    config: MongodbConfig,
    { connections, signal }: { readonly connections: number; readonly signal: AbortSignal },
  ): Promise<Deployment> {
    const endpoint = resolveEndpoint(config);
    const context = { ...endpoint, connectTimeoutMs: config.connectTimeoutMs };
    let client: MongoClient | null = null;
    try {
      signal.throwIfAborted();
      client = new MongoClient(endpoint.url, {
        appName: 'lockstep',
        maxPoolSize: connections,
        connectTimeoutMS: config.connectTimeoutMs,
        serverSelectionTimeoutMS: config.connectTimeoutMs,
        // What members that lag would not show must not look absent.
        readPreference: 'primary',
      });
      const facts = await readFacts(client.db(endpoint.database), signal);
      return new Deployment({ endpoint, config, client, facts });
    } catch (thrown) {
      await client?.close();
      throw signal.aborted ? interrupted(signal) : toMongodbError(thrown, context);
    }
  }

  /** Work with the driver: what it throws comes out in our words. */
  async run<Result>(options: WorkOptions, work: (db: Db) => Promise<Result>): Promise<Result> {
    try {
      options.signal.throwIfAborted();
      return await work(this.db);
    } catch (thrown) {
      throw this.explain(thrown, options);
    }
  }

  explain(thrown: unknown, { signal, collection }: WorkOptions): LockstepError {
    if (signal.aborted) return interrupted(signal);
    return toMongodbError(thrown, this.#context(collection));
  }

  refusal(reply: Refusal, collection: string): LockstepError {
    return refusalOf(reply, this.#context(collection));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }

  #context(collection: string | undefined): ErrorContext {
    return { ...this.endpoint, connectTimeoutMs: this.config.connectTimeoutMs, collection };
  }
}

async function readFacts(db: Db, signal: AbortSignal): Promise<DeploymentFacts> {
  const hello = await db.command({ hello: 1 }, { signal });
  const build = await db.command({ buildInfo: 1 }, { signal });
  const setName: unknown = hello['setName'];
  const hosts: unknown = hello['hosts'];
  const kind = hello['msg'] === 'isdbgrid' ? 'sharded' : setName === undefined ? 'standalone' : 'replica-set';
  return {
    version: String(build['version']),
    wireVersion: Number(hello['maxWireVersion']),
    kind,
    setName: typeof setName === 'string' ? setName : null,
    hosts: Array.isArray(hosts) ? hosts.map(String).toSorted() : [],
  };
}
