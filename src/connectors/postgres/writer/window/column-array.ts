import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Value } from '../../../../protocol/value.ts';
import { type PgType, underlying, unmodifiedName } from '../../catalog/pg-type.ts';
import { ByteWriter } from '../../copy/byte-writer.ts';
import { type Codec, modifierOf, NotEncodable } from '../../types/codec.ts';
import { codecs } from '../../types/codecs.ts';
import { textTransport } from '../../types/text-transport.ts';
import { typeRule } from '../../types/type-table.ts';
import type { TargetColumn } from '../model/target-model.ts';

/** How the values of one column travel as one parameter: an array of its type, or of texts that the server reads. */
export interface ArrayType {
  /** `pg_catalog.int8[]`, for the cast of the parameter. */
  readonly sql: string;
  readonly elementOid: number;
  readonly codec: Codec;
  /** Elements are texts; they still have to be made into values of the type. */
  readonly asText: boolean;
}

const textOid = 25;

export function arrayTypeOf(type: PgType): ArrayType {
  const { codec } = typeRule(type);
  if (codec === null) return { sql: 'text[]', elementOid: textOid, codec: textTransport, asText: true };
  const base = underlying(type);
  return {
    sql: `${unmodifiedName(base.name)}[]`,
    elementOid: base.oid,
    codec: codecs[codec],
    asText: false,
  };
}

/** Where the flag stands that says that some elements are null. */
const nullFlagAt = 4;
const largestKept = 2 * 1024 * 1024;
let scratch = new ByteWriter();

/**
 * Values as array_send would write them: int32 dimensions, flag for nulls, element type, length, lower bound; then each element with its
 * length (src/backend/utils/adt/arrayfuncs.c of PostgreSQL).
 */
function arrayBytes(elementOid: number, values: Iterable<Value>, encode: Encode): Uint8Array {
  const out = scratch;
  beginArray(out, elementOid);
  let count = 0;
  let nulls = 0;
  for (const value of values) {
    count += 1;
    if (value === null) nulls = 1;
    writeElement(out, value, encode);
  }
  const bytes = endArray(out, { count, nulls });
  if (out.bytes.length > largestKept) scratch = new ByteWriter();
  return bytes;
}

export function beginArray(out: ByteWriter, elementOid: number): void {
  out.at = 0;
  for (const head of [1, 0, elementOid, 0, 1]) out.uint32(head);
}

/** A copy: the writer may begin another one. `nulls`: 1 if some elements are null. */
export function endArray(
  out: ByteWriter,
  { count, nulls }: { readonly count: number; readonly nulls: number },
): Uint8Array {
  out.bytes.writeInt32BE(nulls, nullFlagAt);
  out.bytes.writeInt32BE(count, nullFlagAt + 8);
  return Buffer.from(out.bytes.subarray(0, out.at));
}

type Encode = (value: Value, out: ByteWriter) => void;

function writeElement(out: ByteWriter, value: Value, encode: Encode): void {
  if (value === null) {
    out.int32(-1);
    return;
  }
  const start = out.at;
  out.int32(0);
  encode(value, out);
  out.bytes.writeInt32BE(out.at - start - 4, start);
}

/** One column of several rows. `stored`: rounded and padded as the column will have it, so that it can be compared. */
export function columnArray(
  column: TargetColumn,
  values: readonly (Value | undefined)[],
  { collection, stored }: { readonly collection: string; readonly stored: boolean },
): Uint8Array {
  const { codec, elementOid } = arrayTypeOf(column.type);
  const modifier = stored ? modifierOf(column.formatType) : null;
  try {
    const given = complete(values, { collection, column: column.name });
    return arrayBytes(elementOid, given, (value, out) => codec.encode(value, out, modifier));
  } catch (thrown) {
    throw encodingError(thrown, { collection, column });
  }
}

export function encodingError(
  thrown: unknown,
  { collection, column }: { readonly collection: string; readonly column: TargetColumn },
): unknown {
  if (!(thrown instanceof NotEncodable)) return thrown;
  const details = { collection, column: column.name, kind: thrown.kind, type: column.formatType };
  return new LockstepError('value-not-encodable', details);
}

function complete(
  values: readonly (Value | undefined)[],
  details: { readonly collection: string; readonly column: string },
): readonly Value[] {
  const isGiven = (value: Value | undefined): value is Value => value !== undefined;
  if (!values.every(isGiven)) throw new LockstepError('mapping-incomplete', details);
  return values;
}

const int4Oid = 23;

export const ordinalArray = (ordinals: readonly number[]): Uint8Array =>
  arrayBytes(int4Oid, ordinals, (value, out) => codecs.int4.encode(value, out, null));

export const textArray = (texts: readonly (string | null)[]): Uint8Array =>
  arrayBytes(textOid, texts, (value, out) => textTransport.encode(value, out, null));
