import type { Duplex } from 'node:stream';
import type { Connection, Submittable } from 'pg';
import { FrameCursor } from '../copy/frame-cursor.ts';
import { copyDoneMessage, copyFailMessage, frame } from '../copy/frames.ts';

/** A running COPY … FROM STDIN. One call at a time. */
export interface CopyIn {
  /** CopyData messages with their frames, cut anywhere. Resolves when more may come; `written`: the bytes are not needed any more. */
  write(framed: Uint8Array, written?: () => void): Promise<void>;
  /** Content without frames; it is put into one CopyData message. */
  writePayload(bytes: Uint8Array): Promise<void>;
  /** Says that all is there; the server's row count. */
  end(): Promise<number>;
  /** Makes the server forget what came, and must be called after whatever failed. Resolves when it did; does not throw. */
  fail(reason: string): Promise<void>;
}

/** A message that broke off is brought to its end up to here; beyond, another connection costs less. */
const maxPaddingBytes = 1024 * 1024;

interface Settled {
  readonly error: unknown;
}

/**
 * COPY … FROM STDIN as a query of the driver: bytes go straight to the socket. A server that refuses a row answers at
 * once and discards what still comes, so a pending write or end is rejected promptly.
 */
export class CopyInQuery implements Submittable {
  readonly #sql: string;
  readonly #watch: () => Disposable;
  readonly #destroy: () => void;
  readonly #cursor = new FrameCursor();
  #stream: Duplex | null = null;
  #rows = 0;
  /** Set once the server said CopyInResponse. */
  #open = false;
  #failure: Settled | null = null;
  #ended = false;
  #wake: (() => void) | null = null;

  /** `watch` marks the time in which we wait for the server. `destroy` ends a connection that can't be used any more. */
  constructor(sql: string, session: { readonly watch: () => Disposable; readonly destroy: () => void }) {
    this.#sql = sql;
    this.#watch = session.watch;
    this.#destroy = session.destroy;
  }

  submit(connection: Connection): void {
    this.#stream = connection.stream;
    connection.query(this.#sql);
  }

  handleCopyInResponse(): void {
    this.#open = true;
    this.#notify();
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#rows = Number(/^COPY (\d+)$/.exec(text)?.[1] ?? 0);
  }

  handleReadyForQuery(): void {
    this.#ended = true;
    this.#notify();
  }

  handleError(error: unknown): void {
    this.#failure = { error };
    this.#notify();
  }

  async opened(): Promise<void> {
    await this.#until(() => this.#open || this.#ended);
    if (!this.#open) throw new Error('the statement was no COPY FROM STDIN');
  }

  async write(framed: Uint8Array, written?: () => void): Promise<void> {
    this.#throwFailure();
    if (framed.length === 0) return;
    const stream = this.#socket();
    this.#cursor.pass(framed);
    if (stream.write(framed, written)) return;
    const drained = () => this.#notify();
    stream.once('drain', drained);
    try {
      await this.#until(() => !stream.writableNeedDrain);
    } finally {
      stream.off('drain', drained);
    }
  }

  writePayload(bytes: Uint8Array): Promise<void> {
    return this.write(frame(bytes));
  }

  async end(): Promise<number> {
    this.#throwFailure();
    this.#socket().write(copyDoneMessage);
    await this.#until(() => this.#ended);
    return this.#rows;
  }

  async fail(reason: string): Promise<void> {
    if (this.#stream === null || !this.#completeMessage()) return;
    if (this.#failure !== null || this.#ended) return;
    this.#socket().write(copyFailMessage(reason));
    await this.#until(() => this.#ended).catch(() => undefined);
  }

  /**
   * Pieces are cut anywhere. Whatever is sent after half a message, be it CopyFail or ROLLBACK, would be taken for its other half, and
   * both sides would wait for each other. False: the connection had to be given up.
   */
  #completeMessage(): boolean {
    if (this.#cursor.missing > maxPaddingBytes) {
      this.#destroy();
      return false;
    }
    this.#socket().write(this.#cursor.padding());
    return true;
  }

  async #until(done: () => boolean): Promise<void> {
    using _waiting = this.#watch();
    while (!done()) {
      this.#throwFailure();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  #socket(): Duplex {
    if (this.#stream === null) throw new Error('Connection terminated before the COPY began');
    return this.#stream;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
