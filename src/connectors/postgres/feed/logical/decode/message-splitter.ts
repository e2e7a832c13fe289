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
 * Tells each CopyData message of a stream that is cut anywhere: its content lies between two offsets of `bytes`. Whole ones are not
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
    const skipped = Math.min(this.#skipping, piece.length);
    this.#skipping -= skipped;
    const fresh = skipped === 0 ? piece : piece.subarray(skipped);
    if (this.#parts.length === 0) {
      this.#split(fresh);
      return;
    }
    this.#parts.push(fresh);
    this.#partBytes += fresh.length;
    if (this.#partBytes < this.#needed) return;
    const whole = Buffer.concat(this.#parts, this.#partBytes);
    this.#parts = [];
    this.#partBytes = 0;
    this.#split(whole);
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
