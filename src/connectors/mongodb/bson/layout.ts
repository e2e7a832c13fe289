import { bytesOfName } from './short-text.ts';

/**
 * BSON as bytes (https://bsonspec.org/spec.html): just enough to find a document's elements and to put documents together, so that what
 * was stored travels as it is and nothing is decoded.
 */
export const bsonTypes = {
  string: 0x02,
  document: 0x03,
  array: 0x04,
  binary: 0x05,
  objectId: 0x07,
  regularExpression: 0x0b,
  timestamp: 0x11,
} as const;

export interface Element {
  readonly type: number;
  readonly name: string;
  /** The value's bytes, without type and name. */
  readonly value: Uint8Array;
}

export const int32At = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) |
  ((bytes[at + 1] ?? 0) << 8) |
  ((bytes[at + 2] ?? 0) << 16) |
  ((bytes[at + 3] ?? 0) << 24);

/** A date, in epoch milliseconds. */
export const dateAt = (bytes: Uint8Array, at: number): number =>
  int32At(bytes, at + 4) * 2 ** 32 + (int32At(bytes, at) >>> 0);

export const hexText = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

/** Lengths of values that have always the same, by type. */
const fixedLengths: Readonly<Record<number, number>> = {
  1: 8, // double
  6: 0, // undefined
  7: 12, // ObjectId
  8: 1, // boolean
  9: 8, // date
  10: 0, // null
  16: 4, // int32
  17: 8, // timestamp
  18: 8, // int64
  19: 16, // decimal128
  127: 0, // MaxKey
  255: 0, // MinKey
};

/** Of a value of this type that begins there. */
export function valueLength(bytes: Uint8Array, type: number, at: number): number {
  const fixed = fixedLengths[type];
  if (fixed !== undefined) return fixed;
  switch (type) {
    case 0x02: // string
    case 0x0d: // code
    case 0x0e: // symbol
      return 4 + int32At(bytes, at);
    case 0x03: // document
    case 0x04: // array
    case 0x0f: // code with scope
      return int32At(bytes, at);
    case 0x05: // binary
      return 5 + int32At(bytes, at);
    case 0x0b: // regular expression: two texts
      return bytes.indexOf(0, bytes.indexOf(0, at) + 1) + 1 - at;
    case 0x0c: // pointer
      return 4 + int32At(bytes, at) + 12;
    default:
      throw new RangeError(`BSON has no type ${type}`);
  }
}

/** Where the zero behind a name is. Names are short: to call somebody who searches costs more. */
export function endOfName(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at] !== 0) {
    at += 1;
    if (at >= bytes.length) throw new RangeError('a name of BSON has no end');
  }
  return at;
}

/** Whether one of the top-level elements is so; nothing is decoded. `nameAt` and `valueAt` are places in `bytes`, where the document begins at `from`. */
export function someElement(
  bytes: Uint8Array,
  isSo: (type: number, nameAt: number, valueAt: number) => boolean,
  from = 0,
): boolean {
  const end = from + int32At(bytes, from) - 1;
  for (let at = from + 4; at < end; ) {
    const type = bytes[at] ?? 0;
    const valueAt = endOfName(bytes, at + 1) + 1;
    if (isSo(type, at + 1, valueAt)) return true;
    at = valueAt + valueLength(bytes, type, valueAt);
  }
  return false;
}

/** A document of these elements. Written in one piece: pieces of their own for each element cost more than what they hold. */
export function documentOf(elements: readonly Element[]): Uint8Array {
  let length = 5;
  for (const { name, value } of elements) length += 2 + bytesOfName(name).length + value.length;
  const document = Buffer.allocUnsafe(length);
  let at = writeInt32(document, length, 0);
  for (const { type, name, value } of elements) {
    document[at] = type;
    at = copyTo(document, bytesOfName(name), at + 1);
    document[at] = 0;
    at = copyTo(document, value, at + 1);
  }
  document[at] = 0;
  return document;
}

/** Returns where it ends. */
function writeInt32(bytes: Uint8Array, value: number, at: number): number {
  bytes[at] = value;
  bytes[at + 1] = value >> 8;
  bytes[at + 2] = value >> 16;
  bytes[at + 3] = value >> 24;
  return at + 4;
}

/** What is shorter is copied faster without a call. */
const shortBytes = 24;

/** Returns where they end. */
function copyTo(bytes: Uint8Array, some: Uint8Array, at: number): number {
  if (some.length > shortBytes) bytes.set(some, at);
  else for (let index = 0; index < some.length; index += 1) bytes[at + index] = some[index] ?? 0;
  return at + some.length;
}

export const documentElement = (name: string, document: Uint8Array): Element => ({
  type: bsonTypes.document,
  name,
  value: document,
});

export const arrayElement = (name: string, items: readonly Element[]): Element => ({
  type: bsonTypes.array,
  name,
  value: documentOf(items.map((item, index) => ({ ...item, name: String(index) }))),
});

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && Buffer.compare(a, b) === 0;
