import type { ConnectionCount, ConnectorNotice } from '../../../protocol/connector.ts';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { type PostgresConfig, resolveEndpoint } from '../config.ts';
import { interrupted } from '../errors.ts';
import { openSession, type Session } from './session.ts';

export interface PoolOptions {
  /** How many sessions at most; opened when needed, kept until the pool ends. */
  readonly size: number;
  readonly notice: (notice: ConnectorNotice) => void;
  readonly role: 'source' | 'destination';
  readonly connections?: ConnectionCount | undefined;
}

interface Closing {
  onClosed(listener: () => void): void;
}

interface Waiter {
  readonly resolve: () => void;
}

/** Sessions for pieces of work that run side by side. A session that broke is replaced by a fresh one. */
export class SessionPool implements AsyncDisposable {
  /** `host:port/database`, without secrets. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
  readonly config: PostgresConfig;
  /** Server processes whose connection we lost: what they were told last they may be doing still. */
  readonly abandoned = new Set<number>();
  readonly #options: PoolOptions;
  readonly #idle: Session[] = [];
  readonly #waiting: Waiter[] = [];
  #inUse = 0;
  #closed = false;

  constructor(config: PostgresConfig, options: PoolOptions) {
    const endpoint = resolveEndpoint(config);
    this.address = endpoint.address;
    this.user = endpoint.user;
    this.database = endpoint.database;
    this.config = {
      ...config,
      applicationName: config.applicationName ?? `lockstep ${options.role}`,
    };
    this.#options = options;
  }

  /** Runs work with a session of its own; waits while all are in use. */
  async use<T>(
    work: (session: Session) => Promise<T>,
    options: { readonly signal: AbortSignal },
  ): Promise<T> {
    const session = await this.acquire(options);
    try {
      return await work(session);
    } finally {
      await this.release(session);
    }
  }

  /** For work that outlives a function (a generator); every acquired session must be released. */
  async acquire({ signal }: { readonly signal: AbortSignal }): Promise<Session> {
    await this.#slot(signal);
    try {
      return (await this.#takeIdle()) ?? (await this.#open(signal));
    } catch (error) {
      this.#freeSlot();
      throw error;
    }
  }

  async release(session: Session): Promise<void> {
    if (session.broken) this.abandoned.add(session.processId);
    try {
      if (session.broken || this.#closed) await session[Symbol.asyncDispose]();
      else this.#idle.push(session);
    } finally {
      this.#freeSlot();
    }
  }

  /** Something worth telling that is no error. */
  notice(notice: ConnectorNotice): void {
    this.#options.notice(notice);
  }

  /** A session outside of the pool; the caller disposes of it. It counts as in use for as long as it is open. */
  async open({ signal }: { readonly signal: AbortSignal }): Promise<Session> {
    const session = await this.#open(signal);
    this.#countUse(session);
    return session;
  }

  /** A connection beside the pool that is no session: it counts too. */
  count(connection: Closing): void {
    this.#countOpen(connection);
    this.#countUse(connection);
  }

  /** Sessions that somebody works with; those outside of the pool are not among them. */
  get inUse(): number {
    return this.#inUse;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiting.splice(0)) waiter.resolve();
    await Promise.all(this.#idle.splice(0).map((session) => session[Symbol.asyncDispose]()));
  }

  async #open(signal: AbortSignal): Promise<Session> {
    const session = await openSession(this.config, { notice: this.#options.notice, signal });
    this.#countOpen(session);
    return session;
  }

  #countOpen(connection: Closing): void {
    const { connections } = this.#options;
    connections?.open(1);
    connection.onClosed(() => connections?.open(-1));
  }

  #countUse(connection: Closing): void {
    const { connections } = this.#options;
    connections?.inUse(1);
    connection.onClosed(() => connections?.inUse(-1));
  }

  async #takeIdle(): Promise<Session | null> {
    for (let session = this.#idle.pop(); session !== undefined; session = this.#idle.pop()) {
      if (!session.broken) return session;
      await session[Symbol.asyncDispose]();
    }
    return null;
  }

  async #slot(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw interrupted(signal);
    if (this.#inUse >= this.#options.size) await this.#turn(signal);
    else if (!this.#closed) {
      this.#inUse += 1;
      this.#options.connections?.inUse(1);
    }
    if (this.#closed)
      throw new LockstepError('connection-lost', {
        address: this.address,
        detail: 'the pool was closed',
      });
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(interrupted(signal));
      };
      const waiter: Waiter = {
        resolve: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  /** A waiting piece of work inherits the slot. */
  #freeSlot(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.resolve();
      return;
    }
    this.#inUse -= 1;
    this.#options.connections?.inUse(-1);
  }
}
