import { connect, type Socket } from 'node:net';
import type { Direction, Faults } from './faults.ts';
import { Pipe } from './pipe.ts';

/** How a connection is ended: `fin` in order, after what was sent; `rst` at once, what was under way is lost. */
export type Ending = 'fin' | 'rst';

export interface Target {
  readonly host: string;
  readonly port: number;
}

export type Tap = (seen: {
  readonly direction: Direction;
  readonly bytes: Buffer;
  readonly link: Pick<Link, 'end'>;
}) => void;

const finGraceMs = 1_000;

/** One connection through the proxy: the client's socket and ours to the target. */
export class Link {
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #faults: Faults;
  readonly #aborter = new AbortController();
  readonly closed: Promise<void>;

  constructor(options: {
    readonly client: Socket;
    readonly target: Target;
    readonly faults: Faults;
    readonly count: (direction: Direction, bytes: number) => void;
    readonly tap: Tap;
  }) {
    const { client, faults, count, tap } = options;
    this.#client = client;
    this.#faults = faults;
    this.#target = connect({ ...options.target, allowHalfOpen: true });
    const toTarget = { from: client, to: this.#target, direction: 'toTarget', faults } as const;
    const toClient = { from: this.#target, to: client, direction: 'toClient', faults } as const;
    const pipes = [toTarget, toClient].map(
      (way) =>
        new Pipe({
          ...way,
          count: (bytes) => count(way.direction, bytes),
          tap: (bytes) => tap({ direction: way.direction, bytes, link: this }),
        }),
    );
    // A pipe that was stopped is no fault: a socket that is reset while it ends in order never tells that it has closed.
    for (const pipe of pipes)
      pipe.run(this.#aborter.signal).catch(() => {
        if (!this.#aborter.signal.aborted) this.end('rst');
      });
    this.closed = Promise.all([
      this.#follow(this.#client, this.#target),
      this.#follow(this.#target, this.#client),
    ]).then(() => this.#aborter.abort());
  }

  end(how: Ending): void {
    this.#aborter.abort();
    for (const socket of [this.#client, this.#target]) {
      if (how === 'rst') reset(socket);
      else finish(socket);
    }
  }

  // A side that broke off takes the other with it, but not while half open: then nothing may pass.
  async #follow(socket: Socket, other: Socket): Promise<void> {
    let broken = false;
    socket.once('error', () => {
      broken = true;
    });
    await new Promise((resolve) => socket.once('close', resolve));
    if (!broken || this.#aborter.signal.aborted) return;
    await this.#faults.passable();
    reset(other);
  }
}

// A socket that has ended its side already can't be reset any more, and would never tell that it has closed.
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

// Sends a FIN, and reads on until the other side has closed too: closing with unread input would send a RST.
function finish(socket: Socket): void {
  socket.removeAllListeners('data');
  socket.end();
  socket.resume();
  setTimeout(() => socket.destroy(), finGraceMs).unref();
}
