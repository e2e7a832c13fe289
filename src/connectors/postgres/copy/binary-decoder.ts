import type { RowsChunk } from '../../../protocol/chunk.ts';
import type { Row, Value } from '../../../protocol/value.ts';
import type { Codec } from '../types/codec.ts';
import { codecs } from '../types/codecs.ts';
import { textTransport } from '../types/text-transport.ts';
import { binaryLayout, type DecodedColumn, type RowContent } from './row-content.ts';
import { rowFactory } from './row-factory.ts';
import { RowScanner, type ScannedRows } from './row-scanner.ts';

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

const rowsPerChunk = 1000;

/** Rows out of a binary COPY stream. Values are made at once; the bytes stay beside them for a writer that can use them. */
export class RowDecoder {
  readonly #columns: readonly DecodedColumn[];
  readonly #codecs: readonly Codec[];
  readonly #makeRow: (values: readonly Value[]) => Row;
  readonly #scanner: RowScanner;

  constructor(columns: readonly DecodedColumn[], options: { readonly maxRowBytes: number }) {
    this.#columns = columns;
    this.#codecs = columns.map(({ codec }) => (codec === null ? textTransport : codecs[codec]));
    this.#makeRow = rowFactory(columns.map(({ name }) => name));
    this.#scanner = new RowScanner(columns.length, options);
  }

  /** Takes a piece of CopyData messages; gives rows whenever enough came together. */
  push(piece: Buffer): DecodedRows {
    return this.#decode(this.#scanner.push(piece));
  }

  /** What is left at the end of the stream. */
  finish(): DecodedRows {
    return this.#decode(this.#scanner.finish());
  }

  #decode(scanned: ScannedRows): DecodedRows {
    const oversized = scanned.oversized.map(({ bytes, head }) => ({
      bytes,
      firstValues: this.#firstValues(head),
    }));
    return { chunks: scanned.count === 0 ? [] : this.#chunks(scanned), oversized };
  }

  #chunks({ bytes, offsets, count }: ScannedRows): RowsChunk[] {
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

  /** The leading fields of a row as far as they were kept. */
  #firstValues(head: Buffer): Value[] {
    const values: Value[] = [];
    let at = 0;
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
