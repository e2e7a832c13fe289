import net from 'node:net';
import tls from 'node:tls';
import type { PostgresEndpoint } from '../config.ts';

/** Which running backend; the key proves to the server that we may. */
export interface BackendKey {
  readonly processId: number;
  readonly secretKey: number;
}

const sslRequestCode = 80877103;
const cancelRequestCode = 80877102;

/**
 * Asks the server to cancel what a backend is doing (CancelRequest, on a connection of its own). Best effort: the
 * server does not answer, and whoever needs certainty waits for the end of the cancelled statement.
 */
export async function requestCancel(
  endpoint: PostgresEndpoint,
  key: BackendKey,
  timeoutMs: number,
): Promise<void> {
  const socket = net.connect(
    endpoint.host.startsWith('/')
      ? { path: `${endpoint.host}/.s.PGSQL.${endpoint.port}` }
      : { host: endpoint.host, port: endpoint.port },
  );
  const closed = new Promise<void>((resolve) => {
    socket.once('error', () => resolve());
    socket.once('close', () => resolve());
    socket.setTimeout(timeoutMs, () => socket.destroy());
  });
  socket.once('connect', () =>
    endpoint.tls === null ? socket.end(cancelMessage(key)) : secured(socket, endpoint, key),
  );
  socket.resume();
  await closed;
}

function secured(socket: net.Socket, endpoint: PostgresEndpoint, key: BackendKey): void {
  socket.write(int32s(8, sslRequestCode));
  socket.once('data', (answer: Buffer) => {
    if (answer[0] !== 0x53) return socket.destroy();
    const secure = tls.connect({ ...endpoint.tls, host: endpoint.host, socket }, () =>
      secure.end(cancelMessage(key)),
    );
    secure.once('error', () => socket.destroy());
    return secure;
  });
}

const cancelMessage = ({ processId, secretKey }: BackendKey): Buffer =>
  int32s(16, cancelRequestCode, processId, secretKey);

function int32s(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, index) => {
    bytes.writeInt32BE(number, index * 4);
  });
  return bytes;
}
