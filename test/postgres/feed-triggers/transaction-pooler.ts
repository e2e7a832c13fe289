import { once } from 'node:events';
import net from 'node:net';

export interface TransactionPooler extends AsyncDisposable {
  readonly url: string;
}

/** As many server sessions as each client's transactions are spread over. */
const sessions = 2;

/**
 * Does to a client what a connection pooler in transaction mode does: each transaction may run in another server session, and
 * what a session says outside of a transaction reaches nobody. For servers that ask for no password.
 */
export async function startTransactionPooler(url: string): Promise<TransactionPooler> {
  const target = new URL(url);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    sockets.add(client);
    const pooled = new PooledClient(client, { host: target.hostname, port: Number(target.port) });
    client.on('data', (bytes) => pooled.fromClient(bytes));
    client.on('error', () => client.destroy());
    client.on('close', () => pooled.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const through = new URL(url);
  through.host = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  return {
    url: through.href,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class PooledClient {
  readonly #client: net.Socket;
  readonly #backends: Backend[];
  #started = false;
  #current = 0;
  #linked = false;
  #waiting: Buffer[] = [];

  constructor(client: net.Socket, target: { readonly host: string; readonly port: number }) {
    this.#client = client;
    this.#backends = Array.from({ length: sessions }, () => new Backend(target, this));
  }

  fromClient(bytes: Buffer): void {
    if (!this.#started) {
      this.#started = true;
      for (const backend of this.#backends) backend.write(bytes);
    } else if (this.#backends.every(({ isReady }) => isReady)) this.#forward(bytes);
    else this.#waiting.push(bytes);
  }

  fromBackend(backend: Backend, message: Buffer, type: string): void {
    const isFirst = this.#backends[0] === backend;
    if (!backend.isReady) {
      if (type === 'Z') backend.isReady = true;
      if (isFirst) this.#client.write(message);
      if (this.#backends.every(({ isReady }) => isReady))
        for (const bytes of this.#waiting.splice(0)) this.#forward(bytes);
      return;
    }
    if (!this.#linked || this.#backends[this.#current] !== backend) return;
    this.#client.write(message);
    if (type === 'Z' && message.toString('latin1', 5, 6) === 'I') {
      this.#linked = false;
      this.#current = (this.#current + 1) % sessions;
    }
  }

  end(): void {
    for (const backend of this.#backends) backend.end();
  }

  #forward(bytes: Buffer): void {
    this.#linked = true;
    this.#backends[this.#current]?.write(bytes);
  }
}

/** One server session; cuts what it says into messages. */
class Backend {
  isReady = false;
  readonly #socket: net.Socket;
  #rest = Buffer.alloc(0);

  constructor(target: { readonly host: string; readonly port: number }, owner: PooledClient) {
    this.#socket = net.connect(target);
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('data', (bytes) => {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      for (;;) {
        const length = this.#rest.length < 5 ? Number.POSITIVE_INFINITY : this.#rest.readUInt32BE(1) + 1;
        if (this.#rest.length < length) return;
        const message = this.#rest.subarray(0, length);
        this.#rest = this.#rest.subarray(length);
        owner.fromBackend(this, message, message.toString('latin1', 0, 1));
      }
    });
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  end(): void {
    this.#socket.destroy();
  }
}
