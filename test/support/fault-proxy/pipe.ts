import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Direction, Faults } from './faults.ts';

const readAheadBytes = 1 << 20;

interface Waiting {
  readonly bytes: Buffer;
  readonly arrivedAt: number;
}

/** Carries one direction of one connection, under the faults in force. */
export class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #direction: Direction;
  readonly #faults: Faults;
  readonly #count: (bytes: number) => void;
  readonly #tap: (bytes: Buffer) => void;
  readonly #queue: Waiting[] = [];
  #queuedBytes = 0;
  #ended = false;
  #news = Promise.withResolvers<void>();

  constructor(options: {
    readonly from: Socket;
    readonly to: Socket;
    readonly direction: Direction;
    readonly faults: Faults;
    readonly count: (bytes: number) => void;
    readonly tap: (bytes: Buffer) => void;
  }) {
    this.#from = options.from;
    this.#to = options.to;
    this.#direction = options.direction;
    this.#faults = options.faults;
    this.#count = options.count;
    this.#tap = options.tap;
    this.#from.on('data', (bytes: Buffer) => this.#enqueue(bytes));
    this.#from.once('end', () => {
      this.#ended = true;
      this.#news.resolve();
    });
  }

  /** Runs until the source ended and all of it has passed, then passes on the FIN. */
  async run(signal: AbortSignal): Promise<void> {
    const stopped = once(signal, 'abort').then(() => undefined);
    while (!signal.aborted) {
      const next = this.#queue.shift();
      if (next !== undefined) {
        await this.#forward(next, signal, stopped);
        continue;
      }
      if (this.#ended) break;
      this.#news = Promise.withResolvers<void>();
      await Promise.race([this.#news.promise, stopped]);
    }
    await Promise.race([this.#faults.passable(), stopped]);
    if (!signal.aborted) this.#to.end();
  }

  #enqueue(bytes: Buffer): void {
    this.#queue.push({ bytes, arrivedAt: performance.now() });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes >= readAheadBytes) this.#from.pause();
    this.#news.resolve();
  }

  async #forward(
    { bytes, arrivedAt }: Waiting,
    signal: AbortSignal,
    stopped: Promise<undefined>,
  ): Promise<void> {
    const dueInMs = arrivedAt + this.#faults.delayMs - performance.now();
    if (dueInMs > 0) await sleep(dueInMs, undefined, { signal });
    this.#tap(bytes);
    for (let offset = 0; offset < bytes.length; ) {
      await Promise.race([this.#faults.passable(), stopped]);
      const size = this.#faults.pieceOf(this.#direction, bytes.length - offset);
      await this.#faults.pace(size, signal);
      await Promise.race([this.#faults.passable(), stopped]);
      if (signal.aborted) return;
      const mayGoOn = this.#to.write(bytes.subarray(offset, offset + size));
      offset += size;
      this.#count(size);
      this.#faults.spend(this.#direction, size);
      if (!mayGoOn && !signal.aborted) await once(this.#to, 'drain', { signal });
    }
    this.#queuedBytes -= bytes.length;
    if (this.#queuedBytes < readAheadBytes) this.#from.resume();
  }
}
