import { BSON } from 'mongodb';
import { elementsOf } from './elements.ts';
import { decodeValue } from './id-value.ts';
import type { Element } from './layout.ts';

/** The order of types: https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/; types of one place compare by value. */
const places: Readonly<Record<number, number>> = {
  255: 0, // MinKey
  6: 1, // undefined
  10: 1, // null
  1: 2, // double
  16: 2, // int32
  18: 2, // int64
  19: 2, // decimal128
  2: 3, // string
  14: 3, // symbol
  3: 4, // document
  4: 5, // array
  5: 6, // binary
  7: 7, // ObjectId
  8: 8, // boolean
  9: 9, // date
  17: 10, // timestamp
  11: 11, // regular expression
  12: 12, // pointer
  13: 13, // code
  15: 14, // code with scope
  127: 15, // MaxKey
};

type Compare = (a: Uint8Array, b: Uint8Array) => number;

const inBytes: Compare = (a, b) => Buffer.compare(a, b);
const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const sign = (a: bigint | number, b: bigint | number): number => (a < b ? -1 : a > b ? 1 : 0);

/** Values of one place, by its number; what is not here has one value only. */
const byValue: Readonly<Record<number, Compare>> = {
  // Without length and last zero.
  3: (a, b) => inBytes(a.subarray(4, -1), b.subarray(4, -1)),
  4: (a, b) => inElements(a, b),
  5: (a, b) => inElements(a, b),
  // Length, subtype, content: as they stand.
  6: (a, b) => sign(a.length, b.length) || inBytes(a.subarray(4), b.subarray(4)),
  7: inBytes,
  8: inBytes,
  9: (a, b) => sign(view(a).readBigInt64LE(), view(b).readBigInt64LE()),
  10: (a, b) => sign(view(a).readBigUInt64LE(), view(b).readBigUInt64LE()),
  11: inBytes,
  12: inBytes,
  13: (a, b) => inBytes(a.subarray(4, -1), b.subarray(4, -1)),
  14: inBytes,
};

/**
 * How MongoDB orders two values without a collation. Numbers that only differ beyond the digits of a double come out equal: who needs to
 * know whether it is one key asks for the key.
 */
export function compareValues(a: Element, b: Element): number {
  const [here, there] = [places[a.type] ?? 0, places[b.type] ?? 0];
  if (here !== there) return here - there;
  if (here === places[1]) return compareNumbers(a, b);
  return byValue[here]?.(a.value, b.value) ?? 0;
}

function inElements(a: Uint8Array, b: Uint8Array): number {
  const [here, there] = [[...elementsOf(a)], [...elementsOf(b)]];
  for (const [index, element] of here.entries()) {
    const other = there[index];
    if (other === undefined) return 1;
    const order =
      (places[element.type] ?? 0) - (places[other.type] ?? 0) ||
      inBytes(Buffer.from(element.name), Buffer.from(other.name)) ||
      compareValues(element, other);
    if (order !== 0) return order;
  }
  return here.length - there.length;
}

function compareNumbers(a: Element, b: Element): number {
  const [here, there] = [decodeValue(a), decodeValue(b)];
  if (here instanceof BSON.Long && there instanceof BSON.Long) return sign(here.toBigInt(), there.toBigInt());
  const [one, other] = [Number(String(here)), Number(String(there))];
  // Nothing is below NaN.
  if (Number.isNaN(one) || Number.isNaN(other))
    return Number(Number.isNaN(other)) - Number(Number.isNaN(one));
  return sign(one, other);
}
