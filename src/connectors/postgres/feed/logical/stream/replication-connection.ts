import type pg from 'pg';
import type { Connection, Submittable } from 'pg';
import type { ConnectorNotice } from '../../../../../protocol/connector.ts';
import type { LockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { PostgresConfig } from '../../../config.ts';
import { copyDoneMessage } from '../../../copy/frames.ts';
import { type ErrorContext, toPostgresError } from '../../../errors.ts';
import { connect } from '../../../session/connect.ts';
import { sessionSettings } from '../../../session/session-settings.sql.ts';
import { Watchdog } from '../../../session/watchdog.ts';
import { type CopyReceiver, Wire } from '../../../session/wire.ts';
import { publicationGone } from '../setup/refusals.ts';

export interface ReplicationOptions {
  readonly applicationName: string;
  readonly notice: (notice: ConnectorNotice) => void;
  /** Whose changes it is to tell. */
  readonly publication: string;
  readonly signal: AbortSignal;
}

/** Who takes a stream. */
export interface StreamReceiver extends CopyReceiver {
  /** The stream has ended, always with an error: the server never ends one properly while we want it. */
  onEnd(error: LockstepError): void;
}

const terminateMessage = Buffer.from([0x58, 0, 0, 0, 4]);
const goodbyeMs = 1_000;

/** A connection that speaks the streaming protocol besides SQL; its session makes texts as all our sessions do. */
export async function openReplication(
  config: PostgresConfig,
  { applicationName, notice, publication, signal }: ReplicationOptions,
): Promise<ReplicationConnection> {
  const own = { ...config, applicationName };
  const { client, context } = await connect(own, signal, 'replication');
  try {
    await client.query(sessionSettings(undefined));
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return new ReplicationConnection({
      client,
      context,
      config: own,
      processId: rows[0]?.pid ?? 0,
      notice,
      publication,
    });
  } catch (thrown) {
    client.connection.stream.destroy();
    throw toPostgresError(thrown, context);
  }
}

interface ConnectionParts {
  readonly client: pg.Client;
  readonly context: ErrorContext;
  readonly config: PostgresConfig;
  readonly processId: number;
  readonly notice: (notice: ConnectorNotice) => void;
  readonly publication: string;
}

/** From 18 on the server leaves out the changes of a publication that it does not find, and only warns. */
const isPublicationSkipped = ({
  severity,
  message,
}: {
  severity?: string | undefined;
  message?: string | undefined;
}) => severity === 'WARNING' && message?.startsWith('skipped loading publication') === true;

export class ReplicationConnection implements AsyncDisposable {
  readonly #client: pg.Client;
  readonly #context: ErrorContext;
  readonly #wire: Wire;
  readonly #watchdog: Watchdog;
  #streaming = false;
  #lost: LockstepError | null = null;

  constructor({ client, context, config, processId, notice, publication }: ConnectionParts) {
    this.#client = client;
    this.#context = context;
    this.#wire = new Wire(client.connection.stream, null);
    client.on('error', (error) => {
      this.#lost ??= toPostgresError(error, context);
    });
    client.on('notice', (message) => {
      if (isPublicationSkipped(message)) this.destroy(publicationGone(publication));
    });
    this.#watchdog = new Watchdog({
      config,
      notice,
      address: context.address,
      processId,
      lastByteAt: () => this.#wire.lastByteAt,
      destroy: (error) => this.destroy(error),
    });
  }

  onClosed(listener: () => void): void {
    this.#wire.onClosed(listener);
  }

  /** SQL or a command of the replication protocol; texts come back. */
  async command<Row extends object>(text: string): Promise<readonly Row[]> {
    using _watch = this.#watchdog.watch();
    try {
      const { rows } = await this.#client.query<Row>(text);
      return rows;
    } catch (thrown) {
      throw this.#lost ?? toPostgresError(thrown, this.#context);
    }
  }

  /** Begins a stream; nothing else can be asked of this connection any more. */
  stream(statement: string, receiver: StreamReceiver): void {
    this.#streaming = true;
    const query = new StreamQuery(statement, {
      start: () => {
        this.#wire.receiver = receiver;
      },
      end: (thrown) => {
        this.#wire.receiver = null;
        receiver.onEnd(this.#lost ?? toPostgresError(thrown, this.#context));
      },
    });
    this.#client.query(query);
  }

  /** When the last byte came, in `performance.now()` milliseconds. */
  get lastByteAt(): number {
    return this.#wire.lastByteAt;
  }

  /** Marks the time in which bytes are expected. */
  watch(): Disposable {
    return this.#watchdog.watch();
  }

  send(message: Buffer): void {
    if (this.#wire.stream.writable) this.#wire.stream.write(message);
  }

  pause(): void {
    this.#wire.stream.pause();
  }

  resume(): void {
    this.#wire.stream.resume();
  }

  destroy(error: LockstepError): void {
    this.#lost ??= error;
    this.#wire.stream.destroy(error);
  }

  /** Says goodbye, so that the slot is free at once; a server that does not close is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#watchdog[Symbol.dispose]();
    const { stream } = this.#wire;
    if (stream.destroyed) return;
    this.#wire.receiver = { onCopyData: () => undefined };
    stream.resume();
    const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
    const timer = setTimeout(() => stream.destroy(), goodbyeMs);
    stream.end(this.#streaming ? Buffer.concat([copyDoneMessage, terminateMessage]) : terminateMessage);
    await closed;
    clearTimeout(timer);
  }
}

/** START_REPLICATION as a query of the driver, which sees everything but CopyData. */
class StreamQuery implements Submittable {
  readonly #statement: string;
  readonly #start: () => void;
  readonly #end: (thrown: unknown) => void;
  #error: unknown = null;
  #ended = false;

  constructor(
    statement: string,
    { start, end }: { readonly start: () => void; readonly end: (thrown: unknown) => void },
  ) {
    this.#statement = statement;
    this.#start = start;
    this.#end = end;
  }

  submit(connection: Connection): void {
    this.#start();
    connection.query(this.#statement);
  }

  /** Of the server when it shuts down; what follows is the end of the connection. */
  handleCommandComplete(): void {
    this.#error ??= new Error('Connection terminated by the server, which is shutting down');
  }

  handleReadyForQuery(): void {
    this.#finish(this.#error);
  }

  handleError(error: unknown): void {
    this.#finish(this.#error ?? error);
  }

  #finish(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end(error ?? new Error('Connection terminated before the stream ended'));
  }
}
