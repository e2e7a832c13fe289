import type { Value } from '../../../protocol/value.ts';
import { type Codec, NotEncodable } from './codec.ts';

export const int2Codec: Codec = {
  decode: (bytes, start) => bytes.readInt16BE(start),
  encode: (value, out) => out.int16(integerBetween(value, -32_768, 32_767)),
};

export const int4Codec: Codec = {
  decode: (bytes, start) => bytes.readInt32BE(start),
  encode: (value, out) => out.int32(integerBetween(value, -2_147_483_648, 2_147_483_647)),
};

export const oidCodec: Codec = {
  decode: (bytes, start) => bytes.readUInt32BE(start),
  encode: (value, out) => out.uint32(integerBetween(value, 0, 4_294_967_295)),
};

export const int8Codec: Codec = {
  decode: (bytes, start) => bytes.readBigInt64BE(start),
  encode: (value, out) => out.int64(wideInteger(value)),
};

export const float4Codec: Codec = {
  decode: (bytes, start) => bytes.readFloatBE(start),
  encode: (value, out) => out.float32(toFloat(value)),
};

export const float8Codec: Codec = {
  decode: (bytes, start) => bytes.readDoubleBE(start),
  encode: (value, out) => out.float64(toFloat(value)),
};

export const boolCodec: Codec = {
  decode: (bytes, start) => bytes[start] === 1,
  encode: (value, out) => out.byte(toBoolean(value) ? 1 : 0),
};

function integerBetween(value: Value, least: number, most: number): number {
  const number = typeof value === 'number' ? value : Number(integerText(value));
  if (!Number.isInteger(number) || number < least || number > most) throw new NotEncodable(value);
  return number;
}

function wideInteger(value: Value): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new NotEncodable(value);
  const wide =
    typeof value === 'bigint' ? value : BigInt(typeof value === 'number' ? value : integerText(value));
  if (BigInt.asIntN(64, wide) !== wide) throw new NotEncodable(value);
  return wide;
}

function integerText(value: Value): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string' && /^[+-]?\d{1,30}$/.test(value)) return value.replace('+', '');
  throw new NotEncodable(value);
}

function toFloat(value: Value): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' && /^(NaN|-?Infinity|[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)$/.test(value))
    return Number(value);
  throw new NotEncodable(value);
}

function toBoolean(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (value === 't' || value === 'true') return true;
  if (value === 'f' || value === 'false') return false;
  throw new NotEncodable(value);
}
