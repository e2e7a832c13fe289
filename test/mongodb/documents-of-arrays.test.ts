import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { splitDocuments, takeDocuments } from '../../src/connectors/mongodb/bson/documents.ts';
import { elementsOf } from '../../src/connectors/mongodb/bson/elements.ts';

test.for([0, 1, 2, 9, 10, 11, 1_234])('an array of %i documents is moved together', (count) => {
  const documents = Array.from({ length: count }, (_, index) => ({
    _id: index,
    text: 'x'.repeat(index % 40),
  }));
  const [list] = elementsOf(BSON.serialize({ list: documents }));
  const taken = takeDocuments(list?.value ?? new Uint8Array());
  expect(taken.count).toBe(count);
  expect([...splitDocuments(taken.bytes)].map((bytes) => BSON.deserialize(bytes))).toEqual(documents);
});
