import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { idOfKey, keyOfDocument } from '../../src/connectors/mongodb/key.ts';
import { everyId } from './documents.ts';

const { Decimal128, Double, Int32, Long } = BSON;
const keyOf = (id: unknown): string => keyOfDocument(BSON.serialize(new Map([['_id', id]])));

test.each([
  [[new Int32(1), new Double(1), Long.fromNumber(1), Decimal128.fromString('1.000')], '{"$numberInt":"1"}'],
  [[new Int32(0), new Double(-0), Decimal128.fromString('-0E+3')], '{"$numberInt":"0"}'],
  [[new Double(1.5), Decimal128.fromString('1.50')], '{"$numberDecimal":"15E-1"}'],
  [[new Double(2 ** 40), Long.fromNumber(2 ** 40)], '{"$numberLong":"1099511627776"}'],
  [[new Double(1e23)], '{"$numberDecimal":"99999999999999991611392E0"}'],
  [[new Double(Number.NaN), Decimal128.fromString('NaN')], '{"$numberDouble":"NaN"}'],
  [[new Double(-Infinity), Decimal128.fromString('-Infinity')], '{"$numberDouble":"-Infinity"}'],
  [[{ a: new Int32(1) }, { a: new Double(1) }], '{"a":{"$numberInt":"1"}}'],
  [['x', new BSON.BSONSymbol('x')], '"x"'],
])('ids that MongoDB holds equal have one key: %j', (ids, key) => {
  for (const id of ids) expect(keyOf(id)).toBe(key);
});

test.each([
  [new Double(0.1), Decimal128.fromString('0.1')],
  [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ],
  ['1', new Int32(1)],
  [null, 'null'],
  [new Date(1), new BSON.Timestamp({ t: 0, i: 1 })],
  [new BSON.Timestamp({ t: 1, i: 2 }), Long.fromString('4294967298')],
  [new BSON.Binary(Buffer.alloc(16), 3), new BSON.Binary(Buffer.alloc(16), 4)],
])('ids that MongoDB tells apart have keys of their own: %j and %j', (a, b) => {
  expect(keyOf(a)).not.toBe(keyOf(b));
});

test('a key spells an id of any type so that it is read back as the same key', () => {
  const keys = everyId.map(keyOf);
  expect(new Set(keys).size).toBe(everyId.length);
  expect(keys.map((key) => keyOf(idOfKey(key)))).toEqual(keys);
});
