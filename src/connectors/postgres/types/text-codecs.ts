import type { Value } from '../../../protocol/value.ts';
import { type Codec, NotEncodable, type TypeModifier } from './codec.ts';
import { encodeUuid, uuidText } from './uuid-text.ts';

const utf8 = (bytes: Buffer, start: number, end: number): string => bytes.toString('utf8', start, end);

/** text, varchar, name, and the label of an enum. */
export const textCodec: Codec = {
  decode: utf8,
  encode: (value, out, stored) => out.text(limited(toText(value), stored)),
};

/** char(n): padded with blanks, which it keeps when it is read. */
export const bpcharCodec: Codec = {
  decode: utf8,
  encode: (value, out, stored) => out.text(padded(limited(toText(value), stored), stored)),
};

/** "char": one byte; above 127 PostgreSQL shows it as `\ooo`. */
export const charCodec: Codec = {
  decode: (bytes, start) => {
    const byte = bytes[start] ?? 0;
    if (byte === 0) return '';
    return byte < 128 ? String.fromCharCode(byte) : `\\${byte.toString(8)}`;
  },
  encode: (value, out) => out.byte(toChar(value)),
};

export const uuidCodec: Codec = { decode: uuidText, encode: encodeUuid };

/** A copy, since what is decoded outlives the piece of network that it came in. */
export const byteaCodec: Codec = {
  decode: (bytes, start, end) => new Uint8Array(bytes.subarray(start, end)),
  encode: (value, out) => out.raw(toBytes(value)),
};

function toText(value: Value): string {
  const text = typeof value === 'string' ? value : scalarText(value);
  // Half a surrogate pair has no UTF-8 form; written, it would silently become another character.
  if (!text.isWellFormed()) throw new NotEncodable(value);
  return text;
}

/** What PostgreSQL would show for it. */
export function scalarText(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  throw new NotEncodable(value);
}

/** What is above the length may only be blanks (they go); anything else the server refuses itself. */
function limited(text: string, stored: TypeModifier | null): string {
  if (stored === null || stored.length === null || text.length <= stored.length) return text;
  const characters = Array.from(text);
  const rest = characters.slice(stored.length).join('');
  return /^ +$/.test(rest) ? characters.slice(0, stored.length).join('') : text;
}

function padded(text: string, stored: TypeModifier | null): string {
  if (stored === null || stored.length === null) return text;
  const missing = stored.length - Array.from(text).length;
  return missing > 0 ? text + ' '.repeat(missing) : text;
}

function toChar(value: Value): number {
  if (value === '') return 0;
  if (typeof value !== 'string') throw new NotEncodable(value);
  const octal = /^\\([0-3][0-7]{2})$/.exec(value)?.[1];
  if (octal !== undefined) return Number.parseInt(octal, 8);
  return Buffer.from(value)[0] ?? 0;
}

function toBytes(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string' && /^\\x([0-9a-fA-F]{2})*$/.test(value))
    return Buffer.from(value.slice(2), 'hex');
  throw new NotEncodable(value);
}
