import { BSON } from 'mongodb';
import { mongodbConfigSchema } from '../../src/connectors/mongodb/config.ts';
import { wholeRow } from '../../src/connectors/mongodb/fields/selected.ts';
import { openMongodbWriter } from '../../src/connectors/mongodb/writer/open-writer.ts';
import type { RowForm, WriterUnderTest } from '../conformance/writer/writer-under-test.ts';
import { never, pipeline } from '../conformance/writer/writer-under-test.ts';
import { writerConformance } from '../conformance/writer.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { documentsPlan } from './plan.ts';

/** A row is a whole document, and so is a patch of one. */
const documents: RowForm = {
  row: (id, email, note = null) => wholeRow(BSON.serialize({ _id: id, email, note })),
  patch: (whole) => whole,
  bound: (id) => BSON.EJSON.stringify(id, { relaxed: false }),
};

writerConformance('MongoDB', {
  setUp,
  form: documents,
  ownedScope: true,
  replaces: false,
  typed: false,
});

async function setUp(): Promise<WriterUnderTest> {
  const database = await createMongoDatabase();
  const people = database.db.collection('people');
  await people.createIndex({ email: 1 }, { unique: true });
  const config = mongodbConfigSchema.parse({ connector: 'mongodb', url: database.url });
  return {
    openWriter: () => openMongodbWriter(config, { pipeline, lanes: 3, signal: never, notice: () => {} }),
    plan: (options = {}) => documentsPlan('people', options),
    stored: async () => {
      const found = await people.find({}, { raw: true, sort: { _id: 1 } }).toArray();
      return found.map((document) => wholeRow(Buffer.from(bytesOf(document))));
    },
    insert: async (rows) => {
      await people.insertMany(rows.map((row) => BSON.deserialize(bytesOf(row['$$ROOT']))));
    },
    noteIs: (note) => JSON.stringify({ note }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new TypeError('this is no document');
}
