import { once } from 'node:events';
import net from 'node:net';
import { Pool, type PooledBackend } from './transaction-pooler/backends.ts';
import { MessageSplitter, startupMessage } from './transaction-pooler/messages.ts';

export interface PoolerOptions {
  /** Default: `transaction`. `session`: a client keeps its server session. */
  readonly mode?: 'transaction' | 'session';
  /** Which idle server session is taken. Default: `newest`, as PgBouncer does; `oldest` gives consecutive transactions different ones. */
  readonly takes?: 'newest' | 'oldest';
  /** It tells clients the key of a server session, and not one of its own: nobody can see that it is there. */
  readonly disguised?: boolean;
}

export interface TransactionPooler extends AsyncDisposable {
  readonly url: string;
}

/**
 * Does to clients what PgBouncer does: each transaction runs in whichever server session is free, what a session says outside of a
 * transaction reaches nobody, and the replication protocol is refused. For servers that ask for no password.
 */
export async function startTransactionPooler(
  url: string,
  options: PoolerOptions = {},
): Promise<TransactionPooler> {
  const target = new URL(url);
  await using opened = new AsyncDisposableStack();
  const pool = opened.use(new Pool({ host: target.hostname, port: Number(target.port) }, options));
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    new PooledClient(socket, pool, options);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.defer(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const through = new URL(url);
  through.host = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const kept = opened.move();
  return { url: through.href, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

class PooledClient {
  readonly #socket: net.Socket;
  readonly #pool: Pool;
  readonly #options: PoolerOptions;
  readonly #splitter = new MessageSplitter();
  #backend: PooledBackend | null = null;
  #isLoggedIn = false;
  #isOver = false;
  /** Queries whose end was not told yet. */
  #pending = 0;
  /** Bytes are worked on in the order in which they came. */
  #working: Promise<void> = Promise.resolve();

  constructor(socket: net.Socket, pool: Pool, options: PoolerOptions) {
    this.#socket = socket;
    this.#pool = pool;
    this.#options = options;
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#end());
    socket.on('data', (bytes) => {
      this.#working = this.#working.then(() => this.#hear(bytes)).catch(() => void socket.destroy());
    });
  }

  async #hear(bytes: Buffer): Promise<void> {
    if (!this.#isLoggedIn) return await this.#logIn(bytes);
    for (const message of this.#splitter.push(bytes)) {
      const type = message.toString('latin1', 0, 1);
      if (type === 'X') this.#socket.end();
      else await this.#forward(message, type);
    }
  }

  async #logIn(bytes: Buffer): Promise<void> {
    const asked = startupMessage(bytes);
    if (asked.kind === 'cancel') {
      this.#pool.cancel(asked.key);
      this.#socket.end();
    } else if (asked.settings.has('replication')) {
      this.#socket.end(refusal('unsupported startup parameter: replication'));
    } else {
      const backend = await this.#pool.take(bytes, this.#receiver);
      this.#isLoggedIn = true;
      this.#socket.write(this.#pool.greeting(backend, this.#options.disguised === true));
      this.#backend = backend;
      // Who names a server session's key gives that session at least to begin with.
      if (this.#options.disguised !== true) this.#releaseIfIdle();
    }
  }

  async #forward(message: Buffer, type: string): Promise<void> {
    this.#backend ??= await this.#pool.take(null, this.#receiver);
    if (type === 'Q' || type === 'S') this.#pending += 1;
    this.#backend.write(message);
  }

  readonly #receiver = {
    hear: (message: Buffer): void => {
      this.#socket.write(message);
      if (message.toString('latin1', 0, 1) !== 'Z') return;
      this.#pending -= 1;
      if (message.toString('latin1', 5, 6) === 'I') this.#releaseIfIdle();
    },
    lost: (): void => void this.#socket.destroy(),
  };

  #releaseIfIdle(): void {
    if (this.#backend === null || this.#pending > 0 || this.#options.mode === 'session') return;
    this.#pool.release(this.#backend);
    this.#backend = null;
  }

  /** What it leaves behind is nobody else's. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#backend?.destroy();
  }
}

function refusal(text: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C08P01\0M${text}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeUInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
