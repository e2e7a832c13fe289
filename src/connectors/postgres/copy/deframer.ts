import { ByteWriter } from './byte-writer.ts';
import { frameBytes } from './frames.ts';

/** The beginning of a message that is too large to be held. */
export interface OversizedMessage {
  readonly bytes: number;
  readonly head: Buffer;
}

const headLimit = 64 * 1024;

/**
 * Takes CopyData messages, cut anywhere, apart into their content. A message above the limit is left out (PostgreSQL
 * puts each row into a message of its own); its beginning is kept, so that it can be told which row it was.
 */
export class Deframer {
  /** Content that was not taken yet. */
  readonly content = new ByteWriter();
  readonly #limit: number;
  readonly #header = Buffer.alloc(frameBytes);
  readonly #oversized: OversizedMessage[] = [];
  #headerSeen = 0;
  #left = 0;
  #skipping: { readonly bytes: number; readonly head: ByteWriter } | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) {
      if (this.#headerSeen < frameBytes) {
        at = this.#readHeader(piece, at);
        continue;
      }
      const end = Math.min(piece.length, at + this.#left);
      this.#keep(piece, at, end);
      this.#left -= end - at;
      at = end;
      if (this.#left === 0) this.#endMessage();
    }
  }

  /** Oversized messages since the last call. */
  takeOversized(): OversizedMessage[] {
    return this.#oversized.splice(0);
  }

  /** True when a message has begun and not ended. */
  get inMessage(): boolean {
    return this.#headerSeen > 0;
  }

  #readHeader(piece: Buffer, start: number): number {
    if (this.#headerSeen === 0 && piece.length - start >= frameBytes) {
      this.#beginMessage(piece.readInt32BE(start + 1) - 4);
      return start + frameBytes;
    }
    const taken = piece.copy(this.#header, this.#headerSeen, start, start + frameBytes - this.#headerSeen);
    this.#headerSeen += taken;
    if (this.#headerSeen === frameBytes) this.#beginMessage(this.#header.readInt32BE(1) - 4);
    return start + taken;
  }

  #beginMessage(length: number): void {
    this.#headerSeen = frameBytes;
    this.#left = length;
    if (length > this.#limit) this.#skipping = { bytes: length, head: new ByteWriter() };
    if (length === 0) this.#endMessage();
  }

  #keep(piece: Buffer, start: number, end: number): void {
    if (this.#skipping === null) {
      this.content.range(piece, start, end);
      return;
    }
    const { head } = this.#skipping;
    if (head.at < headLimit) head.range(piece, start, end);
  }

  #endMessage(): void {
    this.#headerSeen = 0;
    if (this.#skipping === null) return;
    this.#oversized.push({ bytes: this.#skipping.bytes, head: this.#skipping.head.take() });
    this.#skipping = null;
  }
}
