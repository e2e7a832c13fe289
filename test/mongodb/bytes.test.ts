import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { elementsOf, idElement } from '../../src/connectors/mongodb/bson/elements.ts';
import { documentOf } from '../../src/connectors/mongodb/bson/layout.ts';
import { decoded, findSequenceClass } from '../../src/connectors/mongodb/writer/write/raw-command.ts';
import { everyType } from './documents.ts';

const bytes = BSON.serialize(new Map<string, unknown>([['_id', 1], ...Object.entries(everyType)]));

test('elements of every type are found, and put together again are the same bytes', () => {
  expect(Buffer.from(documentOf([...elementsOf(bytes)])).equals(bytes)).toBe(true);
  expect(idElement(bytes)).toMatchObject({ name: '_id', type: 0x10 });
});

test('the driver, whose version is pinned, has the sequence that takes documents as bytes', () => {
  expect(findSequenceClass()).toBeTypeOf('function');
});

test('the way around it keeps every type that is in use', () => {
  // A symbol is deprecated since 2012, and objects put fields with numbers for names first.
  const { symbol: _symbol, document: _document, ...inUse } = everyType;
  const document = BSON.serialize(inUse);
  expect(decoded([document]).map((each) => Buffer.from(BSON.serialize(each)).toString('hex'))).toEqual([
    Buffer.from(document).toString('hex'),
  ]);
});
