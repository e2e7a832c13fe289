import { BSON, type Document } from 'mongodb';
import { mongodbConfigSchema } from '../../../src/connectors/mongodb/config.ts';
import { openMongodbWriter } from '../../../src/connectors/mongodb/writer/open-writer.ts';
import type { Row } from '../../../src/protocol/value.ts';
import type { RowForm, WriterUnderTest } from '../../conformance/writer/writer-under-test.ts';
import { never, pipeline } from '../../conformance/writer/writer-under-test.ts';
import { writerConformance } from '../../conformance/writer.ts';
import { createMongoDatabase } from '../../support/mongo.ts';
import { documentsPlan } from '../plan.ts';

const names = ['_id', 'email', 'note.text'];

/** A row names fields, one of them within another; a patch names some of them. */
const fields: RowForm = {
  row: (id, email, note = null) => ({ _id: id, email, 'note.text': note }),
  patch: (whole, columns) =>
    Object.fromEntries(
      columns
        .map((name) => (name === 'note' ? 'note.text' : name))
        .map((name) => [name, whole[name] ?? null]),
    ),
  bound: (id) => BSON.EJSON.stringify(id, { relaxed: false }),
};

writerConformance('MongoDB, fields', {
  setUp,
  form: fields,
  ownedScope: true,
  replaces: false,
  typed: false,
});

const toDocument = ({ _id, email, 'note.text': text }: Row): Document => ({ _id, email, note: { text } });

async function setUp(): Promise<WriterUnderTest> {
  const database = await createMongoDatabase();
  const people = database.db.collection('people');
  await people.createIndex({ email: 1 }, { unique: true });
  const config = mongodbConfigSchema.parse({ connector: 'mongodb', url: database.url });
  const columns = names.map((name) => ({ target: name, from: { column: name }, type: null }));
  return {
    openWriter: () => openMongodbWriter(config, { pipeline, lanes: 3, signal: never, notice: () => {} }),
    plan: (options = {}) => ({ ...documentsPlan('people', options), columns }),
    stored: async () => {
      const found = await people.find<Document>({}, { sort: { _id: 1 } }).toArray();
      return found.map(({ _id, email, note }) => ({ _id, email, 'note.text': note?.text ?? null }));
    },
    insert: async (rows) => {
      await people.insertMany(rows.map(toDocument));
    },
    noteIs: (text) => JSON.stringify({ 'note.text': text }),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
