import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { type PostgresConfigInput, postgresConfigSchema } from './config.ts';
import { SessionPool } from './session/pool.ts';

export interface QueryOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * A few sessions for statements of one's own, beside pipelines. Nothing is opened before it is needed; what broke is opened anew. Sessions
 * look nothing up outside pg_catalog: tables are named with their schema.
 */
export interface Database extends AsyncDisposable {
  /** `host:port/database`, without secrets. */
  readonly address: string;
  readonly user: string;
  /** Sessions that statements are under way in. */
  readonly inUse: number;
  /**
   * One statement with values for `$1` and so on. Integers up to four bytes, floats, booleans and arrays of these arrive as such, all else
   * as the server's text. Throws `LockstepError`.
   */
  query<Row extends object>(
    text: string,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<readonly Row[]>;
  /** One statement or several without values, in one transaction of the server's making unless they say otherwise. */
  execute(text: string, options?: QueryOptions): Promise<void>;
}

export type DatabaseConfig = Omit<
  PostgresConfigInput,
  'connector' | 'capture' | 'throttle' | 'rebuildKeys'
> & {
  /** Sessions at most; default 2. */
  readonly sessions?: number;
};

/** A PostgreSQL database for a program's own statements, with the same settings and errors as a connector. Connects to nothing yet. */
export function openDatabase({ sessions = 2, ...config }: DatabaseConfig): Database {
  const parsed = postgresConfigSchema.safeParse({ connector: 'postgres', ...config });
  if (!parsed.success) {
    const { issues } = parsed.error;
    const faults = issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`).join('\n');
    throw new LockstepError('config-invalid', { count: issues.length, faults });
  }
  const pool = new SessionPool(parsed.data, { size: sessions, notice: () => {}, role: 'destination' });
  const signalOf = ({ signal = new AbortController().signal }: QueryOptions = {}) => ({ signal });
  return {
    address: pool.address,
    user: pool.user,
    get inUse() {
      return pool.inUse;
    },
    query: async <Row extends object>(text: string, values?: readonly unknown[], options?: QueryOptions) => {
      const signal = signalOf(options);
      const { rows } = await pool.use((session) => session.query<Row>(text, values, signal), signal);
      return rows;
    },
    execute: async (text, options) => {
      const signal = signalOf(options);
      await pool.use((session) => session.execute(text, signal), signal);
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
