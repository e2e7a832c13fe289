import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { idElement } from '../../src/connectors/mongodb/bson/elements.ts';
import { compareValues } from '../../src/connectors/mongodb/bson/order.ts';
import { keyOfDocument } from '../../src/connectors/mongodb/key.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { exportDocuments } from '../support/mongo-export.ts';
import { everyId } from './documents.ts';

const { Binary, Double, Int32, Long } = BSON;

const more: readonly unknown[] = [
  new Int32(-1),
  new Double(7.5),
  new Double(-Infinity),
  Long.fromString('-9223372036854775808'),
  Long.fromString('9223372036854775806'),
  'ä',
  'z',
  '𝄞',
  { a: new Int32(1), b: null },
  { a: 'x' },
  { b: new Int32(0) },
  new Binary(Buffer.from([9]), 0),
  new Binary(Buffer.from([1, 2]), 128),
  new Date(-5),
  new Date(5),
  new BSON.Timestamp({ t: 4294967295, i: 0 }),
];

test('ids are ordered as the server orders them', async () => {
  await using database = await createMongoDatabase();
  const ids = [...everyId, ...more];
  await database.db.command({ insert: 't', documents: ids.map((id) => new Map([['_id', id]])) });
  const stored = (await exportDocuments(database.db, 't')).map((text) => Buffer.from(text, 'hex'));
  const sorted = stored.toReversed().sort((a, b) => compareValues(idElement(a), idElement(b)));
  expect(sorted.map(keyOfDocument)).toEqual(stored.map(keyOfDocument));
});
