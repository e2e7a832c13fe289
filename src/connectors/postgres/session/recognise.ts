import net from 'node:net';
import type { PostgresEndpoint } from '../config.ts';

const waitMs = 500;

/**
 * What answers at an address that hung up on us without a word: an HTTP request makes HTTP servers and MongoDB
 * say who they are, while PostgreSQL (and a proxy without its server) says nothing. Null: nobody knows.
 */
export function recogniseServer(endpoint: PostgresEndpoint): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: endpoint.host, port: endpoint.port });
    const finish = (answer: string | null) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(waitMs, () => finish(null));
    socket.once('error', () => finish(null));
    socket.once('close', () => finish(null));
    socket.once('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    socket.on('data', (piece: Buffer) => finish(nameOf(piece.toString('latin1'))));
  });
}

function nameOf(answer: string): string | null {
  if (/mongodb/i.test(answer)) return 'a MongoDB server answers';
  if (answer.startsWith('HTTP/')) return 'an HTTP server answers';
  return 'another kind of server answers';
}
