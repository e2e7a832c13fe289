import { describeTables } from '../catalog/describe-table.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import type { TableName } from '../names.ts';
import type { SessionPool } from '../session/pool.ts';

interface Asked {
  readonly name: TableName;
  readonly answer: PromiseWithResolvers<PgTable | null>;
}

/**
 * Describes tables that are asked for at the same time in one go: a hundred tables take as many round trips as one, and
 * the queries, which cost the server more to plan than to run, are planned in one session.
 */
export class TablesTogether {
  readonly #pool: Pick<SessionPool, 'use'>;
  /** Those that are stopped together are asked for together. */
  readonly #asked = new Map<AbortSignal, Asked[]>();

  constructor(pool: Pick<SessionPool, 'use'>) {
    this.#pool = pool;
  }

  describe(name: TableName, { signal }: { readonly signal: AbortSignal }): Promise<PgTable | null> {
    const answer = Promise.withResolvers<PgTable | null>();
    const others = this.#asked.get(signal);
    if (others === undefined) {
      this.#asked.set(signal, [{ name, answer }]);
      setImmediate(() => void this.#ask(signal));
    } else others.push({ name, answer });
    return answer.promise;
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const asked = this.#asked.get(signal) ?? [];
    this.#asked.delete(signal);
    const names = asked.map(({ name }) => name);
    try {
      const tables = await this.#pool.use((session) => describeTables(session, names, { signal }), {
        signal,
      });
      for (const [index, { answer }] of asked.entries()) answer.resolve(tables[index] ?? null);
    } catch (error) {
      for (const { answer } of asked) answer.reject(error);
    }
  }
}
