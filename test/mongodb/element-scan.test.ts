import fc from 'fast-check';
import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { ElementScan, fieldName } from '../../src/connectors/mongodb/bson/element-scan.ts';
import { elementNamed, elementsOf } from '../../src/connectors/mongodb/bson/elements.ts';
import { decodeValue } from '../../src/connectors/mongodb/bson/id-value.ts';
import { dateAt, documentOf } from '../../src/connectors/mongodb/bson/layout.ts';
import { elementAt } from '../../src/connectors/mongodb/fields/paths.ts';
import { everyType } from './documents.ts';

const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }).filter((text) => !text.includes('\0')),
  fc.constantFrom('a', 'b', 'ab', 'ba', '_id', 'coll', 'x'.repeat(33)),
);
const value = fc.oneof(
  fc.constantFrom(...Object.values(everyType)),
  fc.string({ unit: 'grapheme' }),
  fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer(), { noNullPrototype: true }),
);
const fields = fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, maxLength: 12 });

test('every element is found where it is, by its name and in its order, wherever the document lies', () => {
  fc.assert(
    fc.property(fields, fc.nat(20), (entries, offset) => {
      const document = BSON.serialize(new Map(entries));
      const within = Buffer.concat([Buffer.alloc(offset, 7), document, Buffer.alloc(3, 9)]);
      const scan = new ElementScan(within, offset);
      const found: string[] = [];
      while (scan.next()) {
        found.push(scan.name);
        expect(scan.isNamed(fieldName(scan.name))).toBe(true);
        expect(scan.isNamed(fieldName(`${scan.name}x`))).toBe(false);
        expect(scan.element).toEqual(elementNamed(document, fieldName(scan.name)));
      }
      expect(found).toEqual(entries.map(([key]) => key));
      expect(Buffer.from(documentOf(elementsOf(document))).equals(document)).toBe(true);
    }),
  );
});

test.each(Object.entries(everyType))('%s is decoded so that it is encoded to the same bytes', (_, each) => {
  const bytes = BSON.serialize({ each });
  const [element] = elementsOf(bytes);
  if (element === undefined) throw new Error('there is one');
  expect(BSON.serialize({ each: decodeValue(element) })).toEqual(bytes);
});

test('a path leads through documents, to the end of it and no further', () => {
  const document = BSON.serialize({ a: { b: { c: 5 }, bc: 1 }, 'a.b': 9, list: [{ c: 1 }] });
  expect(elementAt(document, 'a.b.c')).toMatchObject({ name: 'c', type: 0x10 });
  expect(elementAt(document, 'a.bc')).toMatchObject({ name: 'bc' });
  for (const path of ['a.b.c.d', 'a.b.d', 'a.x', 'b', 'list.c', 'a.b.cc'])
    expect(elementAt(document, path)).toBeUndefined();
});

test('dates before and after 1970 are read to the millisecond', () => {
  for (const ms of [0, -1, 1, 1.6e12 + 123, -62_135_596_800_000, 253_402_300_799_999]) {
    const date = elementNamed(BSON.serialize({ at: new Date(ms) }), fieldName('at'));
    expect(dateAt(date?.value ?? new Uint8Array(8), 0)).toBe(ms);
  }
});
