import type pg from 'pg';
import type { ConnectorNotice } from '../../../protocol/connector.ts';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { PostgresConfig, PostgresEndpoint } from '../config.ts';
import { type ErrorContext, interrupted, toPostgresError } from '../errors.ts';
import { BatchQuery, type BatchRows, type BatchStatement } from './batch.ts';
import { type BackendKey, requestCancel } from './cancel.ts';
import { Cancellation, cancelPatienceMs } from './cancellation.ts';
import { type Connected, connect } from './connect.ts';
import { type CopyIn, CopyInQuery } from './copy-in.ts';
import { CopyOut, type CopyOutPiece } from './copy-out.ts';
import { ParseQuery } from './parse.ts';
import { sessionFacts, sessionSettings } from './session-settings.sql.ts';
import { refuseSharedSessions } from './shared-sessions.ts';
import { StatementNames } from './statement-names.ts';
import { Watchdog } from './watchdog.ts';
import { Wire } from './wire.ts';

export type { BatchRows, BatchStatement, Parameter } from './batch.ts';
export type { CopyIn } from './copy-in.ts';
export type { CopyOutPiece } from './copy-out.ts';

export interface QueryResult<Row> {
  readonly rows: readonly Row[];
  readonly rowCount: number;
  /** OIDs of the result columns' types. */
  readonly typeOids: readonly number[];
  /** Their modifiers, -1 for none: pg_attribute.atttypmod. */
  readonly typeModifiers: readonly number[];
}

export interface StatementOptions {
  readonly signal?: AbortSignal | undefined;
  /** Names the collection in errors that the server does not attribute itself. */
  readonly collection?: string | undefined;
}

export interface TransactionOptions extends StatementOptions {
  /** Default: `BEGIN`. */
  readonly begin?: string;
}

/** The oldest server that we work with. */
const oldestVersion = 150_000;
/** Opens a session: one connection, set up, used by one piece of work at a time. */
export async function openSession(
  config: PostgresConfig,
  options: {
    readonly notice: (notice: ConnectorNotice) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Session> {
  const connected = await connect(config, options.signal);
  const { client, endpoint } = connected;
  try {
    const { rows } = await client.query<SessionFacts>(sessionFacts);
    const facts = rows[0];
    if (facts === undefined) throw new Error('the server says nothing about itself');
    if (facts.version < oldestVersion) throw tooOld(endpoint.address, facts.version_text);
    const isPooled = backendKeyOf(client).processId !== facts.pid;
    if (isPooled)
      await refuseSharedSessions(client, { config, processId: facts.pid, signal: options.signal });
    await client.query(sessionSettings(config.statementTimeoutMs));
    return new Session({
      ...connected,
      config,
      facts,
      isPooled,
      notice: options.notice,
    });
  } catch (thrown) {
    client.connection.stream.destroy();
    throw toPostgresError(thrown, connected.context);
  }
}

interface SessionFacts {
  readonly pid: number;
  readonly version: number;
  readonly version_text: string;
}

const tooOld = (address: string, version: string): LockstepError =>
  new LockstepError('server-too-old', {
    address,
    version: `PostgreSQL ${version}`,
    minimum: 'PostgreSQL 15',
  });

interface SessionParts extends Connected {
  readonly config: PostgresConfig;
  readonly facts: SessionFacts;
  readonly isPooled: boolean;
  readonly notice: (notice: ConnectorNotice) => void;
}

export class Session implements AsyncDisposable {
  readonly processId: number;
  /** `server_version_num`, e.g. 180004. */
  readonly serverVersion: number;
  /** A connection pooler stands between that hands out whole sessions: another would have been refused. */
  readonly isPooled: boolean;
  readonly #client: pg.Client;
  readonly #endpoint: PostgresEndpoint;
  readonly #context: ErrorContext;
  readonly #wire: Wire;
  readonly #watchdog: Watchdog;
  readonly #backendKey: BackendKey;
  readonly #statementNames = new StatementNames();
  #broken = false;
  /** Why the connection went, when the driver only says that it did. */
  #lost: LockstepError | null = null;

  constructor({ client, buffers, endpoint, context, config, facts, isPooled, notice }: SessionParts) {
    this.isPooled = isPooled;
    this.processId = facts.pid;
    this.serverVersion = facts.version;
    this.#client = client;
    this.#endpoint = endpoint;
    this.#context = context;
    this.#backendKey = backendKeyOf(client);
    this.#wire = new Wire(client.connection.stream, buffers);
    client.on('error', (error) => this.#lose(toPostgresError(error, context)));
    client.on('end', () => {
      this.#broken = true;
    });
    this.#watchdog = new Watchdog({
      config,
      notice,
      address: endpoint.address,
      processId: facts.pid,
      lastByteAt: () => this.#wire.lastByteAt,
      destroy: (error) => this.destroy(error),
    });
  }

  /** True once the session must not be used any more. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Extended protocol if there are values. `int8`, `numeric`, dates and JSON arrive as text. */
  async query<Row extends object>(
    text: string,
    values?: readonly unknown[],
    options?: StatementOptions,
  ): Promise<QueryResult<Row>> {
    const result = await this.#run(
      () =>
        values === undefined ? this.#client.query<Row>(text) : this.#client.query<Row>(text, [...values]),
      options,
    );
    const typeOids = result.fields.map(({ dataTypeID }) => dataTypeID);
    const typeModifiers = result.fields.map(({ dataTypeModifier }) => dataTypeModifier);
    return { rows: result.rows, rowCount: result.rowCount ?? 0, typeOids, typeModifiers };
  }

  /** Simple protocol: one or several statements without values. */
  async execute(text: string, options?: StatementOptions): Promise<void> {
    await this.#run(() => this.#client.query(text), options);
  }

  /** Lets the server take one statement apart: grammar, names, types. Nothing of it is planned or run. */
  async parse(text: string, options?: StatementOptions): Promise<void> {
    await this.#run(() => this.#client.query(new ParseQuery(text)).done, options);
  }

  /**
   * Statements in one round trip that together are one transaction: committed when this returns, undone when it throws. With BEGIN and
   * COMMIT among them, whoever sent them rolls back after an error. A connection lost in it throws `connection-lost`: the outcome is unknown.
   */
  async batch(
    statements: readonly BatchStatement[],
    options: StatementOptions & { readonly beforeCommit?: () => void },
  ): Promise<readonly BatchRows[]> {
    const parts = { names: this.#statementNames, beforeCommit: options.beforeCommit };
    const query = new BatchQuery(statements, parts);
    const named = {
      signal: options.signal,
      get collection() {
        return query.current?.collection ?? options.collection;
      },
    };
    try {
      return await this.#run(() => this.#client.query(query).done, named);
    } catch (thrown) {
      if (!query.namesLost) throw thrown;
    }
    const again = new BatchQuery(statements, parts);
    return await this.#run(() => this.#client.query(again).done, options);
  }

  /**
   * The rows of a `COPY … TO STDOUT`. Ends only when the server said so; anything else throws. Stopping early
   * cancels the statement at the server, and the session is broken then. Statements before the COPY in the same text are one transaction
   * with it; `onRow` takes the fields of their rows.
   */
  async *copyOut(
    sql: string,
    options: StatementOptions & {
      readonly signal: AbortSignal;
      readonly onRow?: (fields: readonly (string | null)[]) => void;
    },
  ): AsyncGenerator<CopyOutPiece> {
    this.#assertUsable(options.signal);
    const query = new CopyOut(sql, this.#wire, options.onRow);
    await using _cancellation = this.#cancellation(options.signal);
    this.#client.query(query);
    try {
      for (;;) {
        const piece = await this.#nextPiece(query);
        if (options.signal.aborted) throw interrupted(options.signal);
        if (piece === null) return;
        yield piece;
      }
    } catch (thrown) {
      throw this.#copyError(thrown, options);
    } finally {
      if (!query.ended) this.#abandon(query);
    }
  }

  async copyIn(sql: string, options: StatementOptions & { readonly signal: AbortSignal }): Promise<CopyIn> {
    this.#assertUsable(options.signal);
    const query = new CopyInQuery(sql, {
      watch: () => this.#watchdog.watch(),
      destroy: () => this.destroy(),
    });
    const cancellation = this.#cancellation(options.signal);
    const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (thrown) {
        await cancellation[Symbol.asyncDispose]();
        throw this.#translate(thrown, options);
      }
    };
    this.#client.query(query);
    await guarded(() => query.opened());
    return {
      write: (framed, written) => guarded(() => query.write(framed, written)),
      writePayload: (bytes) => guarded(() => query.writePayload(bytes)),
      end: () => guarded(() => query.end()).finally(() => cancellation[Symbol.asyncDispose]()),
      fail: (reason) => guarded(() => query.fail(reason)).finally(() => cancellation[Symbol.asyncDispose]()),
    };
  }

  /** Commits on return and rolls back on throw. A connection lost in COMMIT throws `connection-lost`: the outcome is unknown. */
  async transaction<T>(work: (session: Session) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    let result: T;
    try {
      await this.execute(options.begin ?? 'BEGIN', options);
      result = await work(this);
      if (options.signal?.aborted) throw interrupted(options.signal);
    } catch (thrown) {
      // An error of the rollback would hide why we roll back; a session that can't is broken.
      if (!this.broken) await this.execute('ROLLBACK').catch(() => this.destroy());
      throw thrown;
    }
    // Not cancelled by an abort: its outcome would be unknown.
    await this.execute('COMMIT', { collection: options.collection });
    return result;
  }

  /** Tells of every NOTIFY on a channel that this session listens to, until the result is disposed of. */
  onNotification(listener: () => void): Disposable {
    this.#client.on('notification', listener);
    return { [Symbol.dispose]: () => this.#client.off('notification', listener) };
  }

  /** Told once, when the connection is gone, whoever ended it. */
  onClosed(listener: () => void): void {
    this.#wire.onClosed(listener);
  }

  /** Ends the connection at once. */
  destroy(reason?: LockstepError): void {
    if (reason !== undefined) this.#lost ??= reason;
    this.#broken = true;
    this.#watchdog[Symbol.dispose]();
    this.#wire.stream.destroy(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watchdog[Symbol.dispose]();
    if (this.#broken) this.#wire.stream.destroy();
    else await endPolitely(this.#client);
    this.#broken = true;
  }

  async #run<T>(start: () => Promise<T>, options: StatementOptions | undefined): Promise<T> {
    this.#assertUsable(options?.signal);
    using _watch = this.#watchdog.watch();
    await using _cancellation = this.#cancellation(options?.signal);
    try {
      return await start();
    } catch (thrown) {
      throw this.#translate(thrown, options);
    }
  }

  async #nextPiece(query: CopyOut): Promise<CopyOutPiece | null> {
    if (!query.starving) return query.next();
    using _watch = this.#watchdog.watch();
    return await query.next();
  }

  #assertUsable(signal: AbortSignal | undefined): void {
    if (signal?.aborted) throw interrupted(signal);
    if (!this.#broken) return;
    throw (
      this.#lost ??
      new LockstepError('connection-lost', {
        address: this.#endpoint.address,
        detail: 'it was closed',
      })
    );
  }

  #translate(thrown: unknown, options: StatementOptions | undefined): LockstepError {
    if (options?.signal?.aborted) return interrupted(options.signal);
    const error = toPostgresError(thrown, {
      ...this.#context,
      collection: options?.collection,
    });
    if (error.code === 'connection-lost' || error.code === 'connection-timeout') {
      this.#broken = true;
      return this.#lost ?? error;
    }
    return error;
  }

  /** A copy whose connection goes is a short read, whatever broke it. */
  #copyError(thrown: unknown, options: StatementOptions & { readonly signal: AbortSignal }): LockstepError {
    const error = this.#translate(thrown, options);
    if (error.code !== 'connection-lost') return error;
    const collection = options.collection ?? this.#endpoint.database;
    return new LockstepError('source-short', { collection, detail: error.message }, { cause: error });
  }

  #lose(error: LockstepError): void {
    this.#lost ??= error;
    this.#broken = true;
  }

  #abandon(query: CopyOut): void {
    this.#broken = true;
    query.discard();
    void this.#cancel().finally(() => this.destroy());
  }

  #cancel(): Promise<void> {
    return requestCancel(this.#endpoint, this.#backendKey, cancelPatienceMs);
  }

  #cancellation(signal: AbortSignal | undefined): Cancellation {
    return new Cancellation({
      signal,
      cancel: () => this.#cancel(),
      giveUp: () => this.destroy(signal && interrupted(signal)),
    });
  }
}

/** The driver keeps the key to itself; without one (some poolers) a cancellation is ignored by the server. */
function backendKeyOf(client: pg.Client): BackendKey {
  const number = (name: string): number => {
    const value: unknown = Reflect.get(client, name);
    return typeof value === 'number' ? value : 0;
  };
  return { processId: number('processID'), secretKey: number('secretKey') };
}

/** Says goodbye; a server that does not close within a second is left to its keepalives. */
async function endPolitely(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => client.connection.stream.destroy(), 1000);
  try {
    await client.end();
  } catch {
    client.connection.stream.destroy();
  } finally {
    clearTimeout(timer);
  }
}
