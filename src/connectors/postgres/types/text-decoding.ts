import type { Value } from '../../../protocol/value.ts';
import type { CodecName } from './codecs.ts';
import { readJson } from './json-text.ts';

/**
 * Reads a type's text form, as its output function makes it in our sessions (ISO dates, UTC, hex), into the very value that its binary
 * form gives. The field lies between two offsets.
 */
export type TextDecoder = (bytes: Buffer, start: number, end: number) => Value;

const minus = 0x2d;
const zero = 0x30;
/** Integers of up to so many digits are exact as JavaScript numbers. */
export const exactDigits = 15;

export function decodeInteger(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === minus;
  let number = 0;
  for (let at = isNegative ? start + 1 : start; at < end; at += 1)
    number = number * 10 + (bytes[at] ?? 0) - zero;
  return isNegative ? -number : number;
}

const decodeWideInteger: TextDecoder = (bytes, start, end) =>
  end - start <= exactDigits
    ? BigInt(decodeInteger(bytes, start, end))
    : BigInt(bytes.toString('latin1', start, end));

const decodeUtf8: TextDecoder = (bytes, start, end) => bytes.toString('utf8', start, end);
const decodeAscii: TextDecoder = (bytes, start, end) => bytes.toString('latin1', start, end);

/** `2026-01-02 03:04:05.12` → `2026-01-02T03:04:05.12`; years may have more digits, and an era may follow. */
function decodeTimestamp(bytes: Buffer, start: number, end: number): string {
  const gap = start + usualDate;
  if (bytes[gap] !== space) return bytes.toString('latin1', start, end).replace(' ', 'T');
  bytes[gap] = letterT;
  const text = bytes.toString('latin1', start, end);
  bytes[gap] = space;
  return text;
}

/** The session's zone is UTC, so the zone is always `+00`. */
function decodeTimestamptz(bytes: Buffer, start: number, end: number): string {
  const zone = end - utc.length;
  if (bytes[zone] !== plus) return decodeTimestamp(bytes, start, end).replace(utc, 'Z');
  bytes[zone] = letterZ;
  const text = decodeTimestamp(bytes, start, zone + 1);
  bytes[zone] = plus;
  return text;
}

const utc = '+00';
const plus = 0x2b;
/** Characters of a date whose year has four digits. */
const usualDate = 10;
const space = 0x20;
// Bytes are respelled in place for the time of reading: that makes one string where replacing afterwards would make three.
const letterT = 0x54;
const letterZ = 0x5a;

const decodeBytes: TextDecoder = (bytes, start, end) =>
  new Uint8Array(Buffer.from(bytes.toString('latin1', start + 2, end), 'hex'));

const decoders = {
  bool: (bytes, start) => bytes[start] === 0x74,
  int2: decodeInteger,
  int4: decodeInteger,
  int8: decodeWideInteger,
  oid: decodeInteger,
  // The digits are the shortest that name this float4; its binary form widens it exactly.
  float4: (bytes, start, end) => Math.fround(Number(bytes.toString('latin1', start, end))),
  float8: (bytes, start, end) => Number(bytes.toString('latin1', start, end)),
  numeric: decodeAscii,
  text: decodeUtf8,
  bpchar: decodeUtf8,
  char: (bytes, start, end) => bytes.toString('utf8', start, end),
  uuid: decodeAscii,
  bytea: decodeBytes,
  json: (bytes, start, end) => readJson(bytes.toString('utf8', start, end), true),
  jsonb: (bytes, start, end) => readJson(bytes.toString('utf8', start, end), false),
  date: decodeAscii,
  time: decodeAscii,
  timetz: decodeAscii,
  timestamp: decodeTimestamp,
  timestamptz: decodeTimestamptz,
} as const satisfies Record<CodecName, TextDecoder>;

/** Casting an address to text always shows its netmask, its output function leaves the widest one out. */
function decodeAddress(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('latin1', start, end);
  if (text.includes('/')) return text;
  return `${text}${text.includes(':') ? '/128' : '/32'}`;
}

/** Types whose text is also their spelling in a key, and plain ASCII without quotes and backslashes. */
const spelledAlike: ReadonlySet<TextDecoder> = new Set<TextDecoder>([
  decodeInteger,
  decodeWideInteger,
  decodeAscii,
]);

/** The field can be put between quotes as it is and is then a part of a key. */
export const isKeySpelling = (decoder: TextDecoder): boolean => spelledAlike.has(decoder);

/** By pg_type.typname; all other types are texts. */
const byTypeName: ReadonlyMap<string, TextDecoder> = new Map<string, TextDecoder>([
  ...Object.entries(decoders),
  ['inet', decodeAddress],
]);

/** The OIDs of those types, which are the same on every server. */
const namesByOid: ReadonlyMap<number, string> = new Map([
  [16, 'bool'],
  [17, 'bytea'],
  [18, 'char'],
  [20, 'int8'],
  [21, 'int2'],
  [23, 'int4'],
  [26, 'oid'],
  [114, 'json'],
  [700, 'float4'],
  [701, 'float8'],
  [869, 'inet'],
  [1042, 'bpchar'],
  [1082, 'date'],
  [1083, 'time'],
  [1114, 'timestamp'],
  [1184, 'timestamptz'],
  [1266, 'timetz'],
  [1700, 'numeric'],
  [2950, 'uuid'],
  [3802, 'jsonb'],
]);

/** The short name of a built-in type, as far as it is more than a text. */
export const typeNameOfOid = (oid: number): string => namesByOid.get(oid) ?? 'text';

/** Of a type of pg_catalog by its short name; texts are what no other rule holds for. */
export const textDecoderOfName = (typeName: string): TextDecoder => byTypeName.get(typeName) ?? decodeUtf8;
