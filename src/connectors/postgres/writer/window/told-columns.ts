import type { Change } from '../../../../protocol/change.ts';
import { ByteWriter } from '../../copy/byte-writer.ts';
import type { Projection } from '../../feed/logical/decode/projection.ts';
import { RowChange } from '../../feed/logical/decode/row-change.ts';
import { type Codec, modifierOf, type TypeModifier } from '../../types/codec.ts';
import { Field } from '../../types/field.ts';
import { type FieldWriter, fieldWriter } from '../../types/field-writing.ts';
import type { TextDecoder } from '../../types/text-decoding.ts';
import { typeRule } from '../../types/type-table.ts';
import type { TargetColumn } from '../model/target-model.ts';
import type { RowsRequest } from './array-stage.ts';
import { arrayTypeOf, beginArray, encodingError, endArray } from './column-array.ts';

/** How the values of one column get from the rows' fields into its array. */
interface ToldColumn {
  readonly column: TargetColumn;
  readonly index: number;
  readonly elementOid: number;
  readonly modifier: TypeModifier | null;
  /** Null: values are decoded and encoded. */
  readonly write: FieldWriter | null;
  readonly decode: TextDecoder;
  readonly codec: Codec;
  readonly out: ByteWriter;
  nulls: number;
}

/** By the place of a column. */
const writers: ByteWriter[] = [];
const firstBytes = 4 * 1024;
/** Of all together, between one window and the next. */
const mostKept = 4 * 1024 * 1024;
const field = new Field();

/**
 * The arrays of columns out of rows that are still as the server sent them: field by field, row by row, into all arrays at once, without
 * an object of the row or a string of a value in between. Null: some row is something else, or was told otherwise than the first.
 */
export function toldColumns({ model, columns, piece, stored }: RowsRequest): readonly Uint8Array[] | null {
  const rows = piece.changes.map(toldRow);
  const projection = rows[0]?.projection ?? null;
  if (projection === null || !rows.every((row) => row?.projection === projection)) return null;
  const told = columns.flatMap((column, place) => toldColumn(column, { projection, stored, place }));
  if (told.length < columns.length) return null;
  for (const { out, elementOid } of told) beginArray(out, elementOid);
  try {
    for (const row of rows) if (row !== null) writeRow(row, told, model.collection);
    return told.map(({ out, nulls }) => endArray(out, { count: rows.length, nulls }));
  } finally {
    dropLarge(told.length);
  }
}

function dropLarge(columns: number): void {
  for (const [place, { bytes }] of writers.entries())
    if (bytes.length * columns > mostKept) writers[place] = new ByteWriter(firstBytes);
}

function toldRow(change: Change): RowChange | null {
  const backing = change.kind === 'upsert' ? change.backing : undefined;
  return backing instanceof RowChange ? backing : null;
}

function toldColumn(
  column: TargetColumn,
  {
    projection,
    stored,
    place,
  }: { readonly projection: Projection; readonly stored: boolean; readonly place: number },
): ToldColumn[] {
  const source = projection.columns.get(column.name);
  if (source === undefined) return [];
  const { index, typeName, decode } = source;
  const { codec, elementOid } = arrayTypeOf(column.type);
  const modifier = stored ? modifierOf(column.formatType) : null;
  const write = fieldWriter(typeName, typeRule(column.type).codec);
  writers[place] ??= new ByteWriter(firstBytes);
  return [{ column, index, elementOid, modifier, write, decode, codec, out: writers[place], nulls: 0 }];
}

function writeRow(row: RowChange, columns: readonly ToldColumn[], collection: string): void {
  const { bytes, fields } = row;
  for (const column of columns) {
    const start = fields.starts[column.index] ?? 0;
    const length = fields.lengths[column.index] ?? -1;
    const { out } = column;
    if (length < 0) {
      column.nulls = 1;
      out.int32(-1);
      continue;
    }
    const lengthAt = out.at;
    out.int32(0);
    field.over(bytes, start, start + length);
    if (column.write?.(field, out, column.modifier) !== true) writeDecoded(column, collection);
    out.bytes.writeInt32BE(out.at - lengthAt - 4, lengthAt);
  }
}

function writeDecoded({ column, decode, codec, modifier, out }: ToldColumn, collection: string): void {
  try {
    codec.encode(decode(field.bytes, field.start, field.end), out, modifier);
  } catch (thrown) {
    throw encodingError(thrown, { collection, column });
  }
}
