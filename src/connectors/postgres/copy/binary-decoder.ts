import type { RowsChunk } from '../../../protocol/chunk.ts';
import type { Row, Value } from '../../../protocol/value.ts';
import type { Codec } from '../types/codec.ts';
import { codecs } from '../types/codecs.ts';
import { textTransport } from '../types/text-transport.ts';
import { beginsWithHeader, headerBytes } from './binary-format.ts';
import { Deframer } from './deframer.ts';
import { binaryLayout, type DecodedColumn, type RowContent } from './row-content.ts';
import { rowFactory } from './row-factory.ts';

/** A row that was above the limit and is not among the rows. */
export interface OversizedRow {
  /** Those of the first columns whose values stood in the part that was kept. */
  readonly firstValues: readonly Value[];
  readonly bytes: number;
}

export interface DecodedRows {
  readonly chunks: readonly RowsChunk[];
  readonly oversized: readonly OversizedRow[];
}

const batchBytes = 32 * 1024;
const rowsPerChunk = 1000;

/** Rows out of a binary COPY stream. Values are made at once; the bytes stay beside them for a writer that can use them. */
export class RowDecoder {
  readonly #columns: readonly DecodedColumn[];
  readonly #codecs: readonly Codec[];
  readonly #makeRow: (values: readonly Value[]) => Row;
  readonly #deframer: Deframer;
  #started = false;
  #ended = false;

  constructor(columns: readonly DecodedColumn[], options: { readonly maxRowBytes: number }) {
    this.#columns = columns;
    this.#codecs = columns.map(({ codec }) => (codec === null ? textTransport : codecs[codec]));
    this.#makeRow = rowFactory(columns.map(({ name }) => name));
    this.#deframer = new Deframer(options.maxRowBytes);
  }

  /** Takes a piece of CopyData messages; gives rows whenever enough came together. */
  push(piece: Buffer): DecodedRows {
    this.#deframer.push(piece);
    return this.#deframer.content.at < batchBytes
      ? { chunks: [], oversized: this.#oversized() }
      : this.#decode();
  }

  /** What is left at the end of the stream. */
  finish(): DecodedRows {
    const last = this.#decode();
    if (!this.#ended || this.#deframer.inMessage)
      throw new Error('the binary stream ended before its trailer');
    return last;
  }

  #decode(): DecodedRows {
    const { content } = this.#deframer;
    const oversized = this.#oversized();
    const bytes = content.take();
    const start = this.#startOf(bytes);
    const { offsets, count, end } = this.#scan(bytes, start);
    content.range(bytes, end, bytes.length);
    return { chunks: count === 0 ? [] : this.#chunks(bytes, offsets, count), oversized };
  }

  #startOf(bytes: Buffer): number {
    if (this.#started || bytes.length < headerBytes || !beginsWithHeader(bytes)) return 0;
    this.#started = true;
    return headerBytes;
  }

  /** Finds the fields of all rows that are there to their end. */
  #scan(bytes: Buffer, start: number): { offsets: Int32Array; count: number; end: number } {
    const width = this.#columns.length + 1;
    let offsets = new Int32Array(width * 256);
    let count = 0;
    let at = start;
    while (at + 2 <= bytes.length) {
      if (bytes.readInt16BE(at) === -1) {
        this.#ended = true;
        return { offsets, count, end: at + 2 };
      }
      if ((count + 1) * width > offsets.length) offsets = grown(offsets);
      const next = scanRow(bytes, at, { offsets, base: count * width, columns: width - 1 });
      if (next === null) break;
      count += 1;
      at = next;
    }
    return { offsets, count, end: at };
  }

  #chunks(bytes: Buffer, offsets: Int32Array, count: number): RowsChunk[] {
    const rows: Row[] = [];
    for (let index = 0; index < count; index += 1) rows.push(this.#row(bytes, offsets, index));
    const content: RowContent = { rows, columns: this.#columns, bytes, offsets };
    const chunks: RowsChunk[] = [];
    for (let from = 0; from < count; from += rowsPerChunk) {
      const part = count <= rowsPerChunk ? rows : rows.slice(from, from + rowsPerChunk);
      chunks.push({
        format: 'rows',
        rows: part,
        backing: { layout: binaryLayout, originals: part, content },
      });
    }
    return chunks;
  }

  #row(bytes: Buffer, offsets: Int32Array, index: number): Row {
    const base = index * (this.#columns.length + 1);
    const values: Value[] = [];
    for (let column = 0; column < this.#codecs.length; column += 1) {
      const at = offsets[base + column] ?? 0;
      const length = bytes.readInt32BE(at);
      values.push(length < 0 ? null : (this.#codecs[column]?.decode(bytes, at + 4, at + 4 + length) ?? null));
    }
    return this.#makeRow(values);
  }

  #oversized(): OversizedRow[] {
    return this.#deframer
      .takeOversized()
      .map(({ bytes, head }) => ({ bytes, firstValues: this.#firstValues(head) }));
  }

  /** The leading fields of a row as far as they were kept. The first message of a stream begins with its header. */
  #firstValues(head: Buffer): Value[] {
    const values: Value[] = [];
    let at = this.#startOf(head) + 2;
    for (const codec of this.#codecs) {
      if (at + 4 > head.length) break;
      const length = head.readInt32BE(at);
      if (at + 4 + length > head.length) break;
      values.push(length < 0 ? null : codec.decode(head, at + 4, at + 4 + length));
      at += 4 + Math.max(0, length);
    }
    return values;
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
