import type { Connection, Submittable } from 'pg';
import type { CopyReceiver, Wire } from './wire.ts';

/** A piece of a running COPY TO STDOUT. */
export interface CopyOutPiece {
  /** CopyData messages with their frames, cut anywhere. */
  readonly bytes: Buffer;
  /** How many rows are known to have come since the last piece; the sum over all pieces is exact. */
  readonly rowCount: number;
  /** Nobody looks at the bytes any more, and their memory may be read into again. Who keeps them does not call it. */
  readonly release: () => void;
}

const pauseAboveBytes = 1024 * 1024;
const resumeBelowBytes = 256 * 1024;

interface CommandComplete {
  readonly text: string;
}

/**
 * COPY … TO STDOUT as a query of the driver. The rows come past the driver's parser (see `Wire`); the driver
 * still sees errors, notices, CommandComplete and ReadyForQuery, and tells us through the handlers below.
 */
export class CopyOut implements Submittable, CopyReceiver {
  readonly #sql: string;
  readonly #wire: Wire;
  readonly #onRow: ((fields: readonly (string | null)[]) => void) | undefined;
  #pieces: CopyOutPiece[] = [];
  #bufferedBytes = 0;
  #messages = 0;
  #reported = 0;
  #paused = false;
  /** The rows that the server counted: set when it is done. */
  #total: number | null = null;
  #ended = false;
  #error: unknown = null;
  #wake: (() => void) | null = null;

  constructor(sql: string, wire: Wire, onRow: ((fields: readonly (string | null)[]) => void) | undefined) {
    this.#sql = sql;
    this.#wire = wire;
    this.#onRow = onRow;
  }

  /** Ended: the server is ready for another query, or the connection is gone. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Waiting for the server (true), or holding pieces that nobody took yet (false). */
  get starving(): boolean {
    return this.#pieces.length === 0 && !this.#ended;
  }

  submit(connection: Connection): void {
    this.#wire.receiver = this;
    connection.query(this.#sql);
  }

  onCopyData(bytes: Buffer, messages: number, release: () => void): void {
    this.#messages += messages;
    // The last message is not counted before the end: in binary it is the trailer, which is no row.
    const rowCount = Math.max(0, this.#messages - 1 - this.#reported);
    this.#reported += rowCount;
    this.#pieces.push({ bytes, rowCount, release });
    this.#bufferedBytes += bytes.length;
    if (!this.#paused && this.#bufferedBytes > pauseAboveBytes) {
      this.#paused = true;
      this.#wire.stream.pause();
    }
    this.#notify();
  }

  handleRowDescription(): void {
    // Rows of a statement before the COPY; whoever asked for them knows their columns.
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    this.#onRow?.(fields);
  }

  handleCommandComplete({ text }: CommandComplete): void {
    const match = /^COPY (\d+)$/.exec(text);
    if (match === null) return;
    this.#total = Number(match[1]);
    this.#pieces.push({
      bytes: Buffer.alloc(0),
      rowCount: this.#total - this.#reported,
      release: () => undefined,
    });
  }

  handleReadyForQuery(): void {
    this.#finish();
  }

  handleError(error: unknown): void {
    this.#error = error;
    this.#finish();
  }

  /** The next piece; null at the proper end. Throws what the server or the socket said. */
  async next(): Promise<CopyOutPiece | null> {
    while (this.#pieces.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const piece = this.#pieces.shift();
    if (piece !== undefined) return this.#release(piece);
    if (this.#error !== null) throw this.#error;
    if (this.#total === null) throw new Error('Connection terminated before the end of the COPY');
    return null;
  }

  /** Lets the rest flow into nothing, so that the server's answer to a cancellation can come through. */
  discard(): void {
    this.#wire.receiver = { onCopyData: () => undefined };
    this.#pieces = [];
    this.#resume();
  }

  #release(piece: CopyOutPiece): CopyOutPiece {
    this.#bufferedBytes -= piece.bytes.length;
    if (this.#bufferedBytes < resumeBelowBytes) this.#resume();
    return piece;
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#wire.stream.resume();
  }

  #finish(): void {
    this.#ended = true;
    this.#wire.receiver = null;
    this.#resume();
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
