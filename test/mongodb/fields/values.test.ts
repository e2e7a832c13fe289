import fc from 'fast-check';
import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { elementsOf, idElement } from '../../../src/connectors/mongodb/bson/elements.ts';
import { documentOf } from '../../../src/connectors/mongodb/bson/layout.ts';
import { decodeField } from '../../../src/connectors/mongodb/fields/decode.ts';
import { encodeField, NotStorable } from '../../../src/connectors/mongodb/fields/encode.ts';
import { columnKey, stringKey, typedIds } from '../../../src/connectors/mongodb/fields/id-form.ts';
import { documentOfPaths, elementAt } from '../../../src/connectors/mongodb/fields/paths.ts';
import { encoderOf } from '../../../src/connectors/mongodb/fields/types.ts';
import { everyId, everyType } from '../documents.ts';

const bytesOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes));

/** Any value that BSON can hold, as the driver takes it. */
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(null, true, false, new BSON.MinKey(), new BSON.MaxKey()),
    fc.double().map((value) => new BSON.Double(value)),
    fc.integer().map((value) => new BSON.Double(value)),
    fc.integer().map((value) => new BSON.Int32(value)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => BSON.Long.fromBigInt(value)),
    bytesOf(16).map((bytes) => new BSON.Decimal128(bytes)),
    bytesOf(12).map((bytes) => new BSON.ObjectId(bytes)),
    fc
      .tuple(bytesOf(16), fc.constantFrom(0, 1, 3, 4, 5, 6, 128))
      .map(([bytes, type]) => new BSON.Binary(bytes, type)),
    fc.date({ noInvalidDate: true }),
    fc.tuple(fc.nat(), fc.nat()).map(([t, i]) => new BSON.Timestamp({ t, i })),
    fc.constantFrom('^a', 'b/c').map((pattern) => new BSON.BSONRegExp(pattern, 'im')),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(
        fc.tuple(
          fc.oneof(fc.string(), fc.constantFrom('10', '2', '$a', 'a.b', '__proto__', '')),
          tie('value'),
        ),
        {
          maxLength: 4,
        },
      )
      .map((fields) => new Map(fields.map(([name, value]) => [name.replaceAll('\0', ''), value]))),
  ),
}));

const elementOf = (value: unknown) => {
  for (const element of elementsOf(BSON.serialize(new Map([['value', value]])))) return element;
  throw new TypeError('it has one field');
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('whatever a document holds is decoded to a value that is encoded to the same bytes', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const element = elementOf(value);
      const again = encodeField(decodeField(element));
      expect([again.type, hex(again.value)]).toEqual([element.type, hex(element.value)]);
    }),
    { numRuns: 2000 },
  );
});

test('so it is in a row that a function has put together anew', () => {
  const document = BSON.serialize(new Map(Object.entries(everyType)));
  const row = Object.fromEntries(
    [...elementsOf(document)].map((element) => [element.name, decodeField(element)]),
  );
  const anew = [...elementsOf(encodeField({ inner: [{ ...row }] }).value)];
  const inner = anew
    .flatMap((element) => [...elementsOf(element.value)])
    .flatMap((item) => [...elementsOf(item.value)]);
  expect(hex(documentOf(inner))).toBe(hex(document));
});

test.each([
  [1, 0x10],
  [-0, 0x01],
  [1.5, 0x01],
  [2 ** 31, 0x01],
  [Number.NaN, 0x01],
  [7n, 0x12],
  [new Uint8Array([1]), 0x05],
  [Buffer.from([1]), 0x05],
  [{ a: undefined }, 0x03],
] as const)('a value that a function makes: %s is of type %i', (value, type) => {
  expect(encodeField(value).type).toBe(type);
});

test.each([
  2n ** 63n,
  '\ud800',
  Symbol('x'),
  () => 1,
  new Date(Number.NaN),
  { a: ['\udc00'] },
  new Map(),
  new URL('http://x'),
])('what BSON can’t hold is refused: %s', (value) => {
  expect(() => encodeField(value)).toThrow(NotStorable);
});

test('objects that were read can’t be changed under the bytes that are kept of them', () => {
  const read = decodeField(elementOf({ a: [1] }));
  expect(() => Object.assign(Object(read), { a: 2 })).toThrow(TypeError);
});

test.each(['uuid', 'objectId', 'string', 'int', 'long'])(
  'an id kept as %s comes back from its key',
  (type) => {
    const texts = {
      uuid: fc.uuid(),
      objectId: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 24, maxLength: 24 }),
      string: fc.string({ unit: 'grapheme' }),
      int: fc.integer().map(String),
      long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    }[type];
    fc.assert(
      fc.property(texts ?? fc.constant(''), fc.constantFrom(stringKey, columnKey), (text, spelling) => {
        const ids = typedIds(type, spelling);
        const key = spelling.spell(text);
        expect(ids.keyOf({ ...encoderOf(type)(text), name: '_id' })).toBe(key);
        const [id] = ids.idsOf(key);
        expect(ids.keyOf(idElement(BSON.serialize({ _id: id })))).toBe(key);
      }),
    );
  },
);

test('ids of other types never meet a key of the source, and come back too', () => {
  const ids = typedIds('uuid', stringKey);
  for (const id of everyId) {
    const element = idElement(BSON.serialize(new Map([['_id', id]])));
    const key = ids.keyOf(element);
    const isUuid = id instanceof BSON.Binary && id.sub_type === 4 && id.length() === 16;
    expect(stringKey.read(key) !== null).toBe(isUuid);
    const [back] = ids.idsOf(key);
    expect(ids.keyOf(idElement(BSON.serialize(new Map([['_id', back]]))))).toBe(key);
  }
});

test('values are found at their paths, and put back at them', () => {
  const document = documentOfPaths([
    { ...encodeField(1), name: '_id' },
    { ...encodeField(2), name: 'a.b' },
    { ...encodeField(3), name: 'c' },
    { ...encodeField(4), name: 'a.d.e' },
  ]);
  expect(BSON.deserialize(document)).toEqual({ _id: 1, a: { b: 2, d: { e: 4 } }, c: 3 });
  expect(elementAt(document, 'a.d.e')).toMatchObject({ type: 0x10 });
  for (const nowhere of ['a.x', 'c.d', 'a.b.c', 'x']) expect(elementAt(document, nowhere)).toBeUndefined();
});
