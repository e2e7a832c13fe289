import { frameBytes } from '../../../copy/frames.ts';

export type MessageTaker = (bytes: Buffer, start: number, end: number) => void;

export interface SplitterOptions {
  /** Takes a whole message. */
  readonly take: MessageTaker;
  /** Takes the beginning of one that is too large to be held. */
  readonly takeHead: MessageTaker;
  readonly limitBytes: number;
}

/** How much is seen at least of what is too large: keys stand in front as a rule. */
const headBytes = 64 * 1024;

/**
 * Tells each CopyData message of a stream that is cut anywhere: its content lies between two offsets of `bytes`. Only one that was cut is
 * copied; of one above the limit only the beginning is kept.
 */
export class MessageSplitter {
  readonly #options: SplitterOptions;
  #parts: Buffer[] = [];
  #partBytes = 0;
  /** How long what is kept must get before anything can be told. */
  #needed = 0;
  /** What is still to come of a message whose beginning was told. */
  #skipping = 0;

  constructor(options: SplitterOptions) {
    this.#options = options;
  }

  push(piece: Buffer): void {
    let at = this.#skip(piece, 0);
    while (this.#parts.length > 0 && at < piece.length) at = this.#skip(piece, this.#fill(piece, at));
    if (at < piece.length) this.#split(at === 0 ? piece : piece.subarray(at));
  }

  #skip(piece: Buffer, at: number): number {
    const skipped = Math.min(this.#skipping, piece.length - at);
    this.#skipping -= skipped;
    return at + skipped;
  }

  /** Takes what is missing of the message that was cut, and no more: nearly every piece begins in one. Returns where the rest begins. */
  #fill(piece: Buffer, at: number): number {
    const end = Math.min(piece.length, at + this.#needed - this.#partBytes);
    this.#parts.push(piece.subarray(at, end));
    this.#partBytes += end - at;
    if (this.#partBytes < this.#needed) return end;
    const cut = Buffer.concat(this.#parts, this.#partBytes);
    this.#parts = [];
    this.#partBytes = 0;
    this.#split(cut);
    return end;
  }

  #split(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const left = bytes.length - at;
      const length = left < frameBytes ? frameBytes : bytes.readInt32BE(at + 1) + 1;
      if (left < length) {
        this.#begin(bytes.subarray(at), length);
        return;
      }
      this.#options.take(bytes, at + frameBytes, at + length);
      at += length;
    }
  }

  /** A message of which more is to come. */
  #begin(rest: Buffer, length: number): void {
    const isTooLarge = length > this.#options.limitBytes;
    if (isTooLarge && rest.length >= headBytes) {
      this.#options.takeHead(rest, frameBytes, rest.length);
      this.#skipping = length - rest.length;
      return;
    }
    this.#parts = [rest];
    this.#partBytes = rest.length;
    this.#needed = isTooLarge ? Math.min(length, headBytes) : length;
  }
}
