import { beginsWithHeader, headerBytes } from './binary-format.ts';
import { Deframer } from './deframer.ts';

/** Rows that came whole, and where their fields are. */
export interface ScannedRows {
  readonly bytes: Buffer;
  /** Per row one offset per column, and one for the end: where the field's length word (int32) stands. */
  readonly offsets: Int32Array;
  readonly count: number;
  /** Rows above the limit since the last call; they are not among the others. */
  readonly oversized: readonly OversizedFields[];
}

export interface OversizedFields {
  readonly bytes: number;
  /** Its first fields, as far as they were kept. */
  readonly head: Buffer;
}

const batchBytes = 32 * 1024;
const noBytes = Buffer.alloc(0);
const noOffsets = new Int32Array(0);

/** Finds rows and their fields in a binary COPY stream that comes in pieces; nothing is made of them. */
export class RowScanner {
  readonly #columns: number;
  readonly #deframer: Deframer;
  #started = false;
  #ended = false;

  constructor(columns: number, { maxRowBytes }: { readonly maxRowBytes: number }) {
    this.#columns = columns;
    this.#deframer = new Deframer(maxRowBytes);
  }

  /** Takes a piece of CopyData messages, of which it keeps a copy; gives rows whenever enough came together. */
  push(piece: Buffer): ScannedRows {
    this.#deframer.push(piece);
    return this.#deframer.content.at < batchBytes
      ? { bytes: noBytes, offsets: noOffsets, count: 0, oversized: this.#oversized() }
      : this.#scan();
  }

  /** What is left at the end of the stream. */
  finish(): ScannedRows {
    const last = this.#scan();
    if (!this.#ended || this.#deframer.inMessage)
      throw new Error('the binary stream ended before its trailer');
    return last;
  }

  /** Finds the fields of all rows that are there to their end. */
  #scan(): ScannedRows {
    const { content } = this.#deframer;
    const oversized = this.#oversized();
    const bytes = content.take();
    const width = this.#columns + 1;
    let offsets = new Int32Array(width * 256);
    let count = 0;
    let at = this.#startOf(bytes);
    while (at + 2 <= bytes.length) {
      if (bytes.readInt16BE(at) === -1) {
        this.#ended = true;
        at += 2;
        break;
      }
      if ((count + 1) * width > offsets.length) offsets = grown(offsets);
      const next = scanRow(bytes, at, { offsets, base: count * width, columns: this.#columns });
      if (next === null) break;
      count += 1;
      at = next;
    }
    content.range(bytes, at, bytes.length);
    return { bytes, offsets, count, oversized };
  }

  #startOf(bytes: Buffer): number {
    if (this.#started || bytes.length < headerBytes || !beginsWithHeader(bytes)) return 0;
    this.#started = true;
    return headerBytes;
  }

  /** The first message of a stream begins with its header; before the fields stands their number. */
  #oversized(): readonly OversizedFields[] {
    return this.#deframer
      .takeOversized()
      .map(({ bytes, head }) => ({ bytes, head: head.subarray(this.#startOf(head) + 2) }));
  }
}

function grown(offsets: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(offsets.length * 2);
  larger.set(offsets);
  return larger;
}

interface RowPlace {
  readonly offsets: Int32Array;
  readonly base: number;
  readonly columns: number;
}

/** Notes where the fields of the row at `start` are; the offset behind it, or null when it is not all there. */
function scanRow(bytes: Buffer, start: number, { offsets, base, columns }: RowPlace): number | null {
  const fields = bytes.readInt16BE(start);
  if (fields !== columns) throw new Error(`a row has ${fields} fields where ${columns} were asked for`);
  let at = start + 2;
  for (let column = 0; column < columns; column += 1) {
    if (at + 4 > bytes.length) return null;
    offsets[base + column] = at;
    const length = bytes.readInt32BE(at);
    at += length < 0 ? 4 : 4 + length;
    if (at > bytes.length) return null;
  }
  offsets[base + columns] = at;
  return at;
}
