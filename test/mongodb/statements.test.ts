import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { fieldName } from '../../src/connectors/mongodb/bson/element-scan.ts';
import { elementNamed, elementsOf, idElement } from '../../src/connectors/mongodb/bson/elements.ts';
import { bsonTypes, documentOf, type Element } from '../../src/connectors/mongodb/bson/layout.ts';
import { elementOfKey, keyOfDocument, keyOfId, otherKey } from '../../src/connectors/mongodb/key.ts';
import { deletion, upsertion } from '../../src/connectors/mongodb/writer/write/statements.ts';
import { everyId } from './documents.ts';

/** What a statement has under a name, as bytes. */
function within(document: Uint8Array, name: string): Element {
  const element = elementNamed(document, fieldName(name));
  if (element === undefined) throw new Error(`there is no ${name}`);
  return element;
}

/** The id that a statement asks for: by itself, so that the server looks it up, and by an operator only if it could be taken for one. */
function askedFor(statement: Uint8Array): Element {
  const query = within(statement, 'q').value;
  expect(elementsOf(query)).toHaveLength(1);
  const asked = idElement(query);
  return asked.type === bsonTypes.document ? { ...within(asked.value, '$eq'), name: '_id' } : asked;
}

const ids = everyId.map((id) => [BSON.EJSON.stringify(id), BSON.serialize({ _id: id, v: 1 })] as const);

test.each(ids)('the document with the id %s is asked for by it', (_, document) => {
  const statement = upsertion(document);
  expect(askedFor(statement)).toEqual(idElement(document));
  expect(Buffer.from(within(statement, 'u').value).equals(document)).toBe(true);
  expect(within(statement, 'upsert').value).toEqual(Uint8Array.of(1));
});

test.each(ids)('the key of the id %s is asked for by an id that has it', (_, document) => {
  const key = keyOfDocument(document);
  const id = elementOfKey(key);
  if (id === null) throw new Error('it is an id of the collection');
  expect(keyOfId(askedFor(deletion(id)))).toBe(key);
  // As bytes the driver reads it.
  expect(() => BSON.deserialize(documentOf([id]))).not.toThrow();
});

test('a key that stands for no id of the collection is asked for by none', () => {
  expect(elementOfKey(otherKey(idElement(BSON.serialize({ _id: 'a' }))))).toBeNull();
});
