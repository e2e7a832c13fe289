import type { RowsChunk } from '../../../protocol/chunk.ts';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Row, Value } from '../../../protocol/value.ts';
import type { PgType } from '../catalog/pg-type.ts';
import { type Codec, modifierOf, NotEncodable, type TypeModifier } from '../types/codec.ts';
import { type CodecName, codecs } from '../types/codecs.ts';
import { textTransport } from '../types/text-transport.ts';
import { typeRule } from '../types/type-table.ts';
import { ByteWriter } from './byte-writer.ts';
import { frameBytes, writeFrame } from './frames.ts';
import { contentOf, type RowContent } from './row-content.ts';

export { copyHeader, copyTrailer } from './binary-format.ts';

/** A column that is written; `PgColumn` fits. */
export interface EncodedColumn {
  readonly name: string;
  readonly type: PgType;
  /** With modifiers: `numeric(12,2)`. */
  readonly formatType: string;
}

interface Field {
  readonly name: string;
  readonly type: string;
  readonly codecName: CodecName | null;
  readonly codec: Codec;
  readonly modifier: TypeModifier;
}

/** For each field the place of the same column in what was read, or -1; and that column of each row that may be copied. */
interface Source {
  readonly content: RowContent;
  readonly places: readonly number[];
}

/** Rows into a binary COPY stream. */
export class RowEncoder {
  /** SQL type of each column in the stream: its own, or `text` for types that the server must read from text. */
  readonly wireTypes: readonly string[];
  /** All columns travel as their own type, so the stream may go straight into the table. */
  readonly direct: boolean;
  readonly #fields: readonly Field[];
  readonly #collection: string;
  readonly #out = new ByteWriter();

  constructor(columns: readonly EncodedColumn[], collection: string) {
    this.#collection = collection;
    this.#fields = columns.map(toField);
    this.wireTypes = columns.map((column, index) =>
      this.#fields[index]?.codecName === null ? 'text' : column.formatType,
    );
    this.direct = this.#fields.every(({ codecName }) => codecName !== null);
  }

  /** One framed CopyData message per row, without header and trailer. Bytes of untouched values are copied. */
  encode(chunk: RowsChunk): Buffer {
    const source = this.#sourceOf(contentOf(chunk.backing));
    if (source === null || chunk.backing === null) return this.encodeRows(chunk.rows);
    this.#out.at = 0;
    let place = 0;
    chunk.rows.forEach((row, index) => {
      const original = chunk.backing?.originals[index];
      // The engine may have left rows out: what is left is in the order in which it was read.
      place = placeOf(source.content.rows, original, place);
      if (original === undefined || place < 0) this.#message(() => this.#encodeFields(row));
      else this.#message(() => this.#copyFields({ row, original, source, place }));
      place = Math.max(place, 0);
    });
    return this.#out.take();
  }

  /** What `encode` gave was sent. */
  giveBack(encoded: Buffer): void {
    this.#out.giveBack(encoded);
  }

  encodeRows(rows: readonly Row[]): Buffer {
    this.#out.at = 0;
    for (const row of rows) this.#message(() => this.#encodeFields(row));
    return this.#out.take();
  }

  /** Each row's columns as a table would store them: length (int32, -1 for null) and content of each, as in a COPY. */
  stored(rows: readonly Row[]): readonly Buffer[] {
    this.#out.at = 0;
    const ends: number[] = [];
    for (const row of rows) {
      for (const field of this.#fields) this.#encodeField(field, row, field.modifier);
      ends.push(this.#out.at);
    }
    const bytes = this.#out.take();
    return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
  }

  #message(write: () => void): void {
    const out = this.#out;
    const start = out.at;
    out.ensure(frameBytes + 2);
    out.at += frameBytes;
    out.int16(this.#fields.length);
    write();
    writeFrame(out.bytes, start, out.at - start - frameBytes);
  }

  #encodeFields(row: Row): void {
    for (const field of this.#fields) this.#encodeField(field, row, null);
  }

  /** Copies runs of fields that stand side by side in what was read and were not touched. */
  #copyFields({ row, original, source, place }: CopiedRow): void {
    const { content, places } = source;
    const base = place * (content.columns.length + 1);
    let from = -1;
    let next = -1;
    for (let index = 0; index < this.#fields.length; index += 1) {
      const field = this.#fields[index];
      if (field === undefined) continue;
      const column = places[index] ?? -1;
      const untouched = column >= 0 && isSame(row[field.name], original[field.name]);
      if (from >= 0 && !(untouched && column === next)) {
        this.#out.range(content.bytes, content.offsets[base + from] ?? 0, content.offsets[base + next] ?? 0);
        from = -1;
      }
      if (!untouched) this.#encodeField(field, row, null);
      else if (from < 0) from = column;
      next = column + 1;
    }
    if (from >= 0)
      this.#out.range(content.bytes, content.offsets[base + from] ?? 0, content.offsets[base + next] ?? 0);
  }

  #encodeField(field: Field, row: Row, stored: TypeModifier | null): void {
    const value = row[field.name];
    if (value === undefined) {
      throw new LockstepError('mapping-incomplete', { collection: this.#collection, column: field.name });
    }
    const out = this.#out;
    if (value === null) {
      out.int32(-1);
      return;
    }
    const start = out.at;
    out.int32(0);
    try {
      field.codec.encode(value, out, stored);
    } catch (thrown) {
      throw this.#notEncodable(thrown, field);
    }
    out.bytes.writeInt32BE(out.at - start - 4, start);
  }

  #notEncodable(thrown: unknown, field: Field): unknown {
    if (!(thrown instanceof NotEncodable)) return thrown;
    const details = { collection: this.#collection, column: field.name, kind: thrown.kind, type: field.type };
    return new LockstepError('value-not-encodable', details);
  }

  #sourceOf(content: RowContent | null): Source | null {
    if (content === null) return null;
    const places = this.#fields.map(({ name, codecName }) =>
      content.columns.findIndex((column) => column.name === name && column.codec === codecName),
    );
    return { content, places };
  }
}

interface CopiedRow {
  readonly row: Row;
  readonly original: Row;
  readonly source: Source;
  readonly place: number;
}

function toField({ name, type, formatType }: EncodedColumn): Field {
  const { codec } = typeRule(type);
  return {
    name,
    type: formatType,
    codecName: codec,
    codec: codec === null ? textTransport : codecs[codec],
    modifier: modifierOf(formatType),
  };
}

/** Bytes may be changed in place, so only what can't be is known to be as it was read. */
const isSame = (value: Value | undefined, original: Value | undefined): boolean =>
  Object.is(value, original) &&
  value !== undefined &&
  (typeof value !== 'object' || value === null || Object.isFrozen(value));

function placeOf(rows: readonly Row[], original: Row | undefined, from: number): number {
  for (let index = from; index < rows.length; index += 1) if (rows[index] === original) return index;
  return -1;
}
