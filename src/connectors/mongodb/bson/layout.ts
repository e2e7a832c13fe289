/**
 * BSON as bytes (https://bsonspec.org/spec.html): just enough to find a document's elements and to put documents together, so that what
 * was stored travels as it is and nothing is decoded.
 */
export const bsonTypes = {
  string: 0x02,
  document: 0x03,
  array: 0x04,
  objectId: 0x07,
  timestamp: 0x11,
} as const;

export interface Element {
  readonly type: number;
  readonly name: string;
  /** The value's bytes, without type and name. */
  readonly value: Uint8Array;
}

const utf8 = new TextDecoder();

/** The elements of a document, in their order. */
export function* elementsOf(document: Uint8Array): Iterable<Element> {
  let at = 4;
  while (at < document.length - 1) {
    const type = document[at] ?? 0;
    const nameEnd = document.indexOf(0, at + 1);
    const start = nameEnd + 1;
    const end = start + valueLength(document, type, start);
    yield {
      type,
      name: utf8.decode(document.subarray(at + 1, nameEnd)),
      value: document.subarray(start, end),
    };
    at = end;
  }
}

export const int32At = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) |
  ((bytes[at + 1] ?? 0) << 8) |
  ((bytes[at + 2] ?? 0) << 16) |
  ((bytes[at + 3] ?? 0) << 24);

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

function valueLength(bytes: Uint8Array, type: number, at: number): number {
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

/** Whether one of the top-level elements is so; nothing is decoded. `nameAt` and `valueAt` are places in `bytes`, where the document begins at `from`. */
export function someElement(
  bytes: Uint8Array,
  isSo: (type: number, nameAt: number, valueAt: number) => boolean,
  from = 0,
): boolean {
  const end = from + int32At(bytes, from) - 1;
  for (let at = from + 4; at < end; ) {
    const type = bytes[at] ?? 0;
    const valueAt = bytes.indexOf(0, at + 1) + 1;
    if (isSo(type, at + 1, valueAt)) return true;
    at = valueAt + valueLength(bytes, type, valueAt);
  }
  return false;
}

/** A document of these elements. Written in one piece: pieces of their own for each element cost more than what they hold. */
export function documentOf(elements: readonly Element[]): Uint8Array {
  let length = 5;
  for (const { name, value } of elements) length += 2 + Buffer.byteLength(name) + value.length;
  const document = Buffer.allocUnsafe(length);
  let at = document.writeInt32LE(length);
  for (const { type, name, value } of elements) {
    at = document.writeUInt8(type, at);
    at += document.write(name, at);
    at = document.writeUInt8(0, at);
    document.set(value, at);
    at += value.length;
  }
  document.writeUInt8(0, at);
  return document;
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

/** MongoDB keeps `_id` first. */
export function idElement(document: Uint8Array): Element {
  for (const element of elementsOf(document)) if (element.name === '_id') return element;
  throw new RangeError('the document has no _id');
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && Buffer.compare(a, b) === 0;
