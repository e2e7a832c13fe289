import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface OlderServer extends AsyncDisposable {
  /** The same database, at a server that says it is of that version. */
  url(targetUrl: string): string;
}

/**
 * Stands before a server and changes what it says of its version, `server_version_num`, in its answers. Servers that are too old are not
 * among those that tests run on; numbers of the same length leave all lengths of messages as they are.
 */
export async function startOlderServer(
  targetUrl: string,
  version: { readonly is: string; readonly says: string },
): Promise<OlderServer> {
  const { hostname, port } = new URL(targetUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect({ host: hostname, port: Number(port) });
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
    }
    client.pipe(target);
    target.on('data', (piece: Buffer) => {
      const text = piece.toString('latin1').replaceAll(version.is, version.says);
      client.write(Buffer.from(text, 'latin1'));
    });
    target.once('close', () => client.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const own = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: (text) => {
      const url = new URL(text);
      url.port = String(own);
      return url.href;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
