import { beginsWithHeader, headerBytes } from '../copy/binary-format.ts';
import { frame, frameBytes } from '../copy/frames.ts';
import type { PagedRows } from './hash-page.ts';

const trailer = -1;

/**
 * Finds the whole rows in a binary COPY, whose CopyData messages (one a row) may be cut anywhere. What comes is not copied, but for the row that
 * lies across two pieces: hundreds of megabytes pass here.
 */
export class HashPager {
  readonly #fields: number;
  #rest: Buffer = Buffer.alloc(0);
  #started = false;
  #ended = false;

  constructor(fields: number) {
    this.#fields = fields;
  }

  push(piece: Buffer): readonly PagedRows[] {
    const pages: PagedRows[] = [];
    const start = this.#completeRest(piece, pages);
    if (start < piece.length) this.#addWhole(piece, start, pages);
    return pages;
  }

  finish(): void {
    if (!this.#ended || this.#rest.length > 0) throw new Error('the binary stream ended before its trailer');
  }

  /** The row that began in the last piece, and the first of all, which has the stream's header before it. Where the others begin. */
  #completeRest(piece: Buffer, pages: PagedRows[]): number {
    let at = 0;
    while (this.#rest.length > 0 || !this.#started) {
      const wanted = this.#rest.length < frameBytes ? frameBytes : lengthAt(this.#rest, 0);
      const taken = piece.subarray(at, at + wanted - this.#rest.length);
      this.#rest = Buffer.concat([this.#rest, taken]);
      at += taken.length;
      if (this.#rest.length < wanted) return at;
      if (this.#rest.length === lengthAt(this.#rest, 0)) this.#endRest(pages);
    }
    return at;
  }

  #endRest(pages: PagedRows[]): void {
    const message = this.#rest;
    const content = message.subarray(frameBytes);
    this.#rest = Buffer.alloc(0);
    const hasHeader = !this.#started && beginsWithHeader(content);
    this.#started = true;
    if (hasHeader && content.length === headerBytes) return;
    this.#addWhole(hasHeader ? frame(content.subarray(headerBytes)) : message, 0, pages);
  }

  #addWhole(bytes: Buffer, start: number, pages: PagedRows[]): void {
    let end = start;
    while (end + frameBytes + 2 <= bytes.length && !this.#ended) {
      const next = end + lengthAt(bytes, end);
      if (next > bytes.length) break;
      const fields = bytes.readInt16BE(end + frameBytes);
      if (fields === trailer) this.#ended = true;
      else if (fields === this.#fields) end = next;
      else throw new Error(`a row has ${fields} fields where ${this.#fields} were asked for`);
    }
    if (end > start) pages.push({ bytes, start, end });
    if (!this.#ended) this.#rest = Buffer.from(bytes.subarray(end));
  }
}

/** Of the message that begins there, with its head. */
const lengthAt = (bytes: Buffer, at: number): number => 1 + bytes.readInt32BE(at + 1);
