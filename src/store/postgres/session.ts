import pg from 'pg';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { storeUnreachable } from '../store-errors.ts';
import type { StoreAddress } from './address.ts';
import { toStoreError } from './errors.ts';
import { type Parameter, type StoredRow, text } from './row.ts';
import { sessionSettings } from './session-settings.sql.ts';
import { refuseSharedSessions } from './shared-sessions.ts';

export interface SessionSettings {
  readonly address: StoreAddress;
  readonly connectTimeoutMs: number;
  /** How long the server may take for a statement; we wait a little longer, then the connection counts as dead. */
  readonly statementTimeoutMs: number;
}

export interface Answer {
  readonly rows: readonly StoredRow[];
  /** Rows that were written or read. */
  readonly count: number;
}

/** The oldest server that we work with. */
const oldestVersion = 150_000;
/** On top of the server's own time-out, which says more. */
const onTheWayMs = 1_000;

/** One connection to the store's server. Every failure is an error of the catalogue; one that it does not survive leaves it `broken`. */
export class StoreSession {
  readonly #client: pg.Client;
  readonly #settings: SessionSettings;
  #broken = false;

  private constructor(client: pg.Client, settings: SessionSettings) {
    this.#client = client;
    this.#settings = settings;
    client.on('error', () => this.destroy());
    client.on('end', () => {
      this.#broken = true;
    });
  }

  static async open(settings: SessionSettings): Promise<StoreSession> {
    const client = makeClient(settings);
    const session = new StoreSession(client, settings);
    try {
      await client.connect();
    } catch (thrown) {
      session.destroy();
      throw toStoreError(thrown, settings.address);
    }
    try {
      await session.#refuseShared();
      const { rows } = await session.execute(sessionSettings(settings));
      mustBeNewEnough(rows[0], settings.address);
      return session;
    } catch (thrown) {
      session.destroy();
      throw thrown;
    }
  }

  async #refuseShared(): Promise<void> {
    const { address, connectTimeoutMs } = this.#settings;
    const connectAnother = async (): Promise<pg.Client> => {
      const client = makeClient(this.#settings);
      client.on('error', () => client.connection.stream.destroy());
      await client.connect();
      return client;
    };
    const asked = { label: address.label, connectAnother };
    await this.#answered(() => refuseSharedSessions(this.#client, asked), connectTimeoutMs);
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** One statement with bound values. `withinMs`: of one that was allowed to take longer than others. */
  async query(
    sql: string,
    values: readonly Parameter[] = [],
    withinMs = this.#settings.statementTimeoutMs,
  ): Promise<Answer> {
    const { rows, rowCount } = await this.#answered(
      () => this.#client.query<StoredRow>({ text: sql, values: [...values] }),
      withinMs,
    );
    return { rows, count: rowCount ?? 0 };
  }

  /** Statements without values in one round trip; the answer of the last. */
  async execute(sql: string): Promise<Answer> {
    const results: unknown = await this.#answered(
      () => this.#client.query(sql),
      this.#settings.statementTimeoutMs,
    );
    const last: unknown = Array.isArray(results) ? results.at(-1) : results;
    return last instanceof pg.Result
      ? { rows: last.rows, count: last.rowCount ?? 0 }
      : { rows: [], count: 0 };
  }

  destroy(): void {
    this.#broken = true;
    this.#client.connection.stream.destroy();
  }

  /** Says goodbye; a server that does not close within a second is left to its keepalives. */
  async close(): Promise<void> {
    if (this.#broken) return;
    this.#broken = true;
    const timer = setTimeout(() => this.#client.connection.stream.destroy(), 1_000);
    await this.#client.end().catch(() => this.#client.connection.stream.destroy());
    clearTimeout(timer);
  }

  async #answered<Result>(ask: () => Promise<Result>, withinMs: number): Promise<Result> {
    const { address } = this.#settings;
    if (this.#broken) throw storeUnreachable(address.label, 'the connection was lost');
    let silent = false;
    const timer = setTimeout(() => {
      silent = true;
      this.destroy();
    }, withinMs + onTheWayMs);
    try {
      return await ask();
    } catch (thrown) {
      if (!(thrown instanceof pg.DatabaseError) || thrown.severity === 'FATAL') this.destroy();
      throw silent ? storeUnreachable(address.label, 'it does not answer') : toStoreError(thrown, address);
    } finally {
      clearTimeout(timer);
    }
  }
}

function makeClient({ address, connectTimeoutMs }: SessionSettings): pg.Client {
  return new pg.Client({
    host: address.host,
    port: address.port,
    database: address.database,
    user: address.user,
    // A function, or the driver would look into PGPASSWORD and ~/.pgpass when there is none.
    password: () => address.password,
    ssl: address.tls === null ? false : { ...address.tls },
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'lockstep store',
    types: { getTypeParser: () => (value: string) => value },
  });
}

function mustBeNewEnough(row: StoredRow | undefined, address: StoreAddress): void {
  if (Number(text(row, 'version')) >= oldestVersion) return;
  throw new LockstepError('server-too-old', {
    address: address.label,
    version: `PostgreSQL ${text(row, 'version_text')}`,
    minimum: 'PostgreSQL 15',
  });
}
