import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { interruptedBy } from '../../protocol/errors/interrupted.ts';
import { isLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { StoreAddress } from './address.ts';
import { type Tables, tablesOf } from './names.ts';
import { SessionPool } from './pool.ts';
import type { Parameter } from './row.ts';
import type { Answer, StoreSession } from './session.ts';
import { beginLong, beginWrite, leaveToken } from './write.sql.ts';

/** How long trouble that passes is waited out before the caller hears of it: about a lease; nobody who runs a pipeline has more time. */
const defaultPatienceMs = 5_000;
const shortestPauseMs = 50;
const longestPauseMs = 500;

/** Few connections: an engine asks the store some ten times a second, for milliseconds. */
const generalSessions = 3;
/** A lease must not wait behind a large checkpoint. */
const leaseSessions = 2;

/** For what goes over all keys of a guard, which may be millions; nobody waits for it. */
const longestMs = 600_000;

export interface DatabaseOptions {
  readonly schema: string;
  readonly patienceMs?: number | undefined;
}

export interface Patient {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The store's database: sessions, transactions, and patience. What fails for a reason that passes is tried again until `patienceMs` are
 * over, then it is told as `store-unreachable`.
 *
 * A connection that is lost while it commits leaves open whether it did. Each transaction therefore leaves a token of its own in `writes`:
 * the repeat inserts the same one, which waits for the transaction that may still be under way at the server, and finds out what became of
 * it. So each write happens once, also those that count.
 */
export class PostgresDatabase implements AsyncDisposable {
  readonly label: string;
  readonly tables: Tables;
  readonly #general: SessionPool;
  readonly #leases: SessionPool;
  readonly #patienceMs: number;

  constructor(address: StoreAddress, options: DatabaseOptions) {
    this.label = address.label;
    this.tables = tablesOf(options.schema);
    this.#patienceMs = options.patienceMs ?? defaultPatienceMs;
    this.#general = new SessionPool(
      { address, connectTimeoutMs: 5_000, statementTimeoutMs: 8_000 },
      generalSessions,
    );
    this.#leases = new SessionPool(
      { address, connectTimeoutMs: 1_500, statementTimeoutMs: 1_000 },
      leaseSessions,
    );
  }

  /** Statements that only read, each for itself. */
  read<Result>(work: (session: StoreSession) => Promise<Result>, patient: Patient = {}): Promise<Result> {
    return this.#patiently(() => this.#general.use(work), patient);
  }

  /** One statement that reads much. */
  ponder(sql: string, values: readonly Parameter[]): Promise<Answer> {
    const ask = (session: StoreSession) => session.query(sql, values, longestMs);
    return this.#patiently(() =>
      this.#general.use((session) => inTransaction(session, beginLong(longestMs), () => ask(session))),
    );
  }

  /** One transaction, which happens once; durable when this returns. */
  write<Result>(work: (session: StoreSession) => Promise<Result>): Promise<Result> {
    const begin = `${beginWrite}; ${leaveToken(this.tables.writes, randomUUID())}`;
    let found: { readonly result: Result } | null = null;
    const attempt = (session: StoreSession): Promise<Result> =>
      inTransaction(session, begin, async ({ count }) => {
        // An earlier attempt was committed after all, with what it had found.
        if (count === 0 && found !== null) return found.result;
        found = { result: await work(session) };
        return found.result;
      });
    return this.#patiently(() => this.#general.use(attempt));
  }

  /** One transaction that may be repeated without harm, and that must not wait behind others. */
  lease<Result>(work: (session: StoreSession) => Promise<Result>): Promise<Result> {
    return this.#patiently(() =>
      this.#leases.use((session) => inTransaction(session, beginWrite, () => work(session))),
    );
  }

  /** One transaction before there are any tables. */
  prepare<Result>(work: (session: StoreSession) => Promise<Result>, patient: Patient): Promise<Result> {
    return this.#patiently(
      () => this.#general.use((session) => inTransaction(session, beginWrite, () => work(session))),
      patient,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#general[Symbol.asyncDispose](), this.#leases[Symbol.asyncDispose]()]);
  }

  async #patiently<Result>(attempt: () => Promise<Result>, { signal }: Patient = {}): Promise<Result> {
    const giveUpAt = performance.now() + this.#patienceMs;
    for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      if (signal?.aborted) throw interruptedBy(signal);
      try {
        return await attempt();
      } catch (thrown) {
        if (!isLockstepError(thrown, 'store-unreachable') || performance.now() >= giveUpAt) throw thrown;
      }
      this.#general.forgetIdle();
      this.#leases.forgetIdle();
      await delay(pauseMs * (0.5 + Math.random() / 2));
    }
  }
}

async function inTransaction<Result>(
  session: StoreSession,
  begin: string,
  work: (begun: Answer) => Promise<Result>,
): Promise<Result> {
  try {
    const result = await work(await session.execute(begin));
    await session.execute('COMMIT');
    return result;
  } catch (thrown) {
    // An error of the rollback would hide why we roll back.
    if (!session.broken) await session.execute('ROLLBACK').catch(() => session.destroy());
    throw thrown;
  }
}
