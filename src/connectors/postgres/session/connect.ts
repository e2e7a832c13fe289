import net from 'node:net';
import pg from 'pg';
import type { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { PostgresConfig, PostgresEndpoint } from '../config.ts';
import { resolveEndpoint } from '../config.ts';
import { type ErrorContext, interrupted, toPostgresError, wrongServer } from '../errors.ts';
import { ReadBuffers } from './read-buffers.ts';
import { recogniseServer } from './recognise.ts';
import { resultParser } from './result-types.ts';

export interface Connected {
  readonly client: pg.Client;
  readonly endpoint: PostgresEndpoint;
  readonly context: ErrorContext;
  /** What it reads into; null: into memory of Node's. */
  readonly buffers: ReadBuffers | null;
}

/** `replication`: the server also takes the commands of its streaming protocol there. */
export type Purpose = 'statements' | 'replication';

/** Opens a connection and logs in; every failure is an error of the catalogue. */
export async function connect(
  config: PostgresConfig,
  signal: AbortSignal | undefined,
  purpose: Purpose = 'statements',
): Promise<Connected> {
  if (signal?.aborted) throw interrupted(signal);
  const endpoint = resolveEndpoint(config);
  const context = {
    address: endpoint.address,
    user: endpoint.user,
    database: endpoint.database,
    connectTimeoutMs: config.connectTimeoutMs,
  };
  // Changes wait as the bytes that they came in, and are not given back.
  const isPlain = endpoint.tls === null && purpose === 'statements';
  const buffers = isPlain ? new ReadBuffers() : null;
  const socket = buffers?.openSocket() ?? new net.Socket();
  const client = makeClient(config, { endpoint, socket, purpose });
  const refuse = (error: LockstepError) => socket.destroy(error);
  const seen = watchFirstBytes(socket, endpoint, refuse);
  const abort = () => signal && refuse(interrupted(signal));
  signal?.addEventListener('abort', abort);
  client.on('error', () => undefined);
  try {
    await client.connect();
    return { client, endpoint, context, buffers };
  } catch (thrown) {
    socket.destroy();
    throw await explain(thrown, {
      context,
      endpoint,
      silent: seen.bytes === 0,
    });
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

interface ClientParts {
  readonly endpoint: PostgresEndpoint;
  readonly socket: net.Socket;
  readonly purpose: Purpose;
}

function makeClient(config: PostgresConfig, { endpoint, socket, purpose }: ClientParts): pg.Client {
  return new pg.Client({
    ...(purpose === 'replication' ? { replication: 'database' } : {}),
    host: endpoint.host,
    port: endpoint.port,
    database: endpoint.database,
    user: endpoint.user,
    // A function, or the driver would look into PGPASSWORD and ~/.pgpass when there is none.
    password: () => endpoint.password ?? '',
    ssl: endpoint.tls === null ? false : { ...endpoint.tls },
    stream: () => socket,
    connectionTimeoutMillis: config.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: config.applicationName ?? 'lockstep',
    types: { getTypeParser: (oid: number) => resultParser(oid) },
  });
}

interface FirstBytes {
  bytes: number;
}

/**
 * The driver waits for ever when something else than PostgreSQL answers: an HTTP server's `HTTP/1.1 400` reads as
 * a message of 1.4 GB. So the first bytes are looked at here.
 */
function watchFirstBytes(
  socket: net.Socket,
  endpoint: PostgresEndpoint,
  refuse: (error: LockstepError) => void,
): FirstBytes {
  const seen = { bytes: 0 };
  socket.once('data', (piece: Buffer) => {
    seen.bytes = piece.length;
    const fits =
      endpoint.tls === null
        ? beginsLikePostgres(piece)
        : /^[SNE]/.test(piece.toString('latin1', 0, 1)) && !/^SSH-/.test(piece.toString('latin1', 0, 4));
    if (!fits) refuse(wrongServer(endpoint.address, `it answers ${JSON.stringify(printable(piece))}`));
  });
  return seen;
}

/** Authentication, ErrorResponse, Notice or NegotiateProtocolVersion with a length that can be true. */
function beginsLikePostgres(piece: Buffer): boolean {
  const type = String.fromCharCode(piece[0] ?? 0);
  if (!'RENv'.includes(type)) return false;
  return piece.length < 5 || piece.readUInt32BE(1) < 100_000;
}

const printable = (piece: Buffer): string => piece.toString('latin1', 0, 40).replace(/[^\x20-\x7e].*$/s, '');

interface Failure {
  readonly context: ErrorContext;
  readonly endpoint: PostgresEndpoint;
  /** The server closed without a byte. */
  readonly silent: boolean;
}

async function explain(thrown: unknown, { context, endpoint, silent }: Failure): Promise<LockstepError> {
  const error = toPostgresError(thrown, context);
  if (error.code !== 'connection-lost' || !silent) return error;
  // A server that is starting or a proxy without its server closes like that too, so only an answer in another protocol convicts.
  const other = await recogniseServer(endpoint);
  return other === null ? error : wrongServer(endpoint.address, other);
}
