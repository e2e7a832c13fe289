import { setTimeout as delay } from 'node:timers/promises';
import { type ClientSession, type Db, type MongoClient, MongoError, type Timestamp } from 'mongodb';
import { interruptedBy } from '../../protocol/errors/interrupted.ts';
import { isLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { storeUnusable } from '../store-errors.ts';
import type { StoreAddress } from './address.ts';
import { databaseOf, durable, makeClient } from './client.ts';
import { toStoreError } from './errors.ts';
import { type Collections, collectionsOf } from './names.ts';

/** How long trouble that passes is waited out before the caller hears of it: about a lease; nobody who runs a pipeline has more time. */
const defaultPatienceMs = 5_000;
const shortestPauseMs = 50;
const longestPauseMs = 500;

/** Few connections: an engine asks the store some ten times a second, for milliseconds. */
const generalConnections = 4;
/** A lease must not wait behind a large checkpoint. */
const leaseConnections = 2;

/** Of a statement about a lease, which may wait for somebody's transaction. */
export const leaseStatementMs = 1_500;

export interface Patient {
  readonly signal?: AbortSignal | undefined;
}

/** What every operation of one attempt is given. */
export interface Within {
  readonly session: ClientSession;
}

/**
 * The store's database: connections, transactions, and patience. What fails for a reason that passes (a lost connection, another primary, a
 * transaction in our way) is tried again until `patienceMs` are over, then it is told as `store-unreachable`.
 *
 * Reads see what a majority has, and never less than what this handle has seen before, whichever member is primary by then.
 */
export class MongodbDatabase implements AsyncDisposable {
  readonly label: string;
  readonly db: Db;
  readonly collections: Collections;
  /** On the connections of leases, for what `lease` does. */
  readonly dbOfLeases: Db;
  readonly leases: Pick<Collections, 'leases'>;
  readonly #address: StoreAddress;
  readonly #general: MongoClient;
  readonly #ofLeases: MongoClient;
  readonly #patienceMs: number;
  /** The newest moment of the deployment that we know of. */
  #seen: Timestamp | undefined;
  #closed = false;

  constructor(address: StoreAddress, patienceMs = defaultPatienceMs) {
    this.label = address.label;
    this.#address = address;
    this.#patienceMs = patienceMs;
    const selectionTimeoutMs = Math.max(100, Math.min(2_000, patienceMs));
    this.#general = makeClient(address, {
      connections: generalConnections,
      selectionTimeoutMs,
      connectTimeoutMs: 2_000,
      silentMs: 9_000,
    });
    this.#ofLeases = makeClient(address, {
      connections: leaseConnections,
      selectionTimeoutMs,
      connectTimeoutMs: 1_500,
      silentMs: leaseStatementMs + 1_000,
    });
    this.db = databaseOf(this.#general, address);
    this.collections = collectionsOf(this.db);
    this.dbOfLeases = databaseOf(this.#ofLeases, address);
    this.leases = collectionsOf(this.dbOfLeases);
  }

  /** Reads, or one write that may be repeated without harm. */
  run<Result>(work: (within: Within) => Promise<Result>, patient: Patient = {}): Promise<Result> {
    return this.#patiently(() => this.#within(this.#general, work), patient);
  }

  /** The same about a lease: it must not wait behind others. */
  lease<Result>(work: (within: Within) => Promise<Result>): Promise<Result> {
    return this.#patiently(() => this.#within(this.#ofLeases, work));
  }

  /**
   * One transaction in this session, which nobody else uses meanwhile; durable when this returns. An answer to a commit that was lost leaves
   * open whether it happened: then `work` is done again, and has to find out. The server lets a session begin another transaction only
   * when the one before it has come to its end, so what the repeat reads is how it ended.
   */
  transaction<Result>(session: ClientSession, work: () => Promise<Result>): Promise<Result> {
    return this.#patiently(async () => {
      this.#begin(session);
      const result = await inTransaction(session, work);
      this.#note(session);
      return result;
    });
  }

  startSession(): ClientSession {
    this.#mustBeOpen();
    return this.#general.startSession();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#general.close(true), this.#ofLeases.close(true)]);
  }

  async #within<Result>(client: MongoClient, work: (within: Within) => Promise<Result>): Promise<Result> {
    await using session = client.startSession({ causalConsistency: true });
    this.#begin(session);
    const result = await work({ session });
    this.#note(session);
    return result;
  }

  #begin(session: ClientSession): void {
    if (this.#seen !== undefined) session.advanceOperationTime(this.#seen);
  }

  #note({ operationTime }: ClientSession): void {
    if (operationTime === undefined) return;
    if (this.#seen === undefined || operationTime.greaterThan(this.#seen)) this.#seen = operationTime;
  }

  async #patiently<Result>(attempt: () => Promise<Result>, { signal }: Patient = {}): Promise<Result> {
    const giveUpAt = performance.now() + this.#patienceMs;
    for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      if (signal?.aborted) throw interruptedBy(signal);
      this.#mustBeOpen();
      try {
        return await attempt();
      } catch (thrown) {
        const error = this.#explain(thrown);
        if (!isLockstepError(error, 'store-unreachable') || performance.now() >= giveUpAt) throw error;
      }
      await delay(pauseMs * (0.5 + Math.random() / 2));
    }
  }

  /** What is not the driver's is a fault of ours, or of what the caller gave, and passes as it is. */
  #explain(thrown: unknown): unknown {
    if (this.#closed) return storeUnusable(this.label, 'it was closed', thrown);
    return thrown instanceof MongoError ? toStoreError(thrown, this.#address) : thrown;
  }

  #mustBeOpen(): void {
    if (this.#closed) throw storeUnusable(this.label, 'it was closed');
  }
}

async function inTransaction<Result>(session: ClientSession, work: () => Promise<Result>): Promise<Result> {
  session.startTransaction({
    readConcern: { level: 'snapshot' },
    writeConcern: durable,
    readPreference: 'primary',
  });
  try {
    const result = await work();
    await session.commitTransaction();
    return result;
  } catch (thrown) {
    // The driver keeps an error of this to itself; the server ends what is left when the session begins another transaction.
    if (session.inTransaction()) await session.abortTransaction();
    throw thrown;
  }
}
