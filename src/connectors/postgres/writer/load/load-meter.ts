import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { type Finding, finding } from '../../../../protocol/finding.ts';
import type { LoadReading } from '../../../../protocol/writer.ts';
import type { ThrottleConfig } from '../../config.ts';
import { quoteIdentifier } from '../../names.ts';
import type { SessionPool } from '../../session/pool.ts';
import type { Session } from '../../session/session.ts';
import { mayReadAll } from './load.sql.ts';
import { asQueryFault, readLoad } from './read-load.ts';

interface Asked {
  readonly signal: AbortSignal;
}

/** Reads the load with a session of its own: one that works is never kept waiting for it. */
export class LoadMeter implements AsyncDisposable {
  readonly #pool: SessionPool;
  readonly #throttle: ThrottleConfig;
  #session: Session | null = null;

  constructor(pool: SessionPool, throttle: ThrottleConfig) {
    this.#pool = pool;
    this.#throttle = throttle;
  }

  async read({ signal }: Asked): Promise<readonly LoadReading[]> {
    const session = await this.#ready(signal);
    const { applicationName = '', schema } = this.#pool.config;
    try {
      return await readLoad(session, this.#throttle, { applicationName, schema, signal });
    } catch (thrown) {
      throw asQueryFault(thrown);
    }
  }

  /** What keeps it from being read. */
  async check({ signal }: Asked): Promise<readonly Finding[]> {
    const { replicaLagMs, replicaLagBytes, activeSessions } = this.#throttle;
    const looksAtOthers = [replicaLagMs, replicaLagBytes, activeSessions].some(
      (limit) => limit !== undefined,
    );
    const session = await this.#ready(signal);
    const { rows } = await session.query<{ allowed: boolean }>(mayReadAll, [], { signal });
    const subject = 'destination';
    const { user } = this.#pool;
    if (looksAtOthers && rows[0]?.allowed !== true) {
      const grant = `GRANT pg_read_all_stats TO ${quoteIdentifier(user)};`;
      const detail = 'what destination.throttle looks at is hidden from it';
      return [finding({ level: 'error', subject }, 'permission-denied', { user, detail, grant })];
    }
    try {
      await this.read({ signal });
      return [];
    } catch (thrown) {
      if (!(thrown instanceof LockstepError) || thrown.class === 'transient' || signal.aborted) throw thrown;
      const { code, message, cure } = thrown;
      return [{ level: 'error', code, subject, message, cure }];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session?.[Symbol.asyncDispose]();
    this.#session = null;
  }

  async #ready(signal: AbortSignal): Promise<Session> {
    if (this.#session?.broken === true) await this[Symbol.asyncDispose]();
    this.#session ??= await this.#pool.open({ signal });
    return this.#session;
  }
}
