import { mongodbConfigSchema } from '../../src/connectors/mongodb/config.ts';
import { openMongodbReader } from '../../src/connectors/mongodb/reader/open-reader.ts';
import type { Selection } from '../../src/protocol/selection.ts';
import { never, type ReaderUnderTest } from '../conformance/reader/reader-under-test.ts';
import { readerConformance } from '../conformance/reader.ts';
import { createMongoDatabase } from '../support/mongo.ts';

const selecting = (...names: string[]): Selection => ({
  columns: names.map((name) => ({ name, from: { column: name }, as: null })),
  filter: null,
});
const selection = selecting('_id', 'filler');

readerConformance('MongoDB', {
  setUp,
  collection: 'people',
  keyColumn: '_id',
  selection,
  upTo: (number) => JSON.stringify({ _id: { $lte: number } }),
  key: (number) => `{"$numberInt":"${number}"}`,
  formats: [
    { format: 'bson', selection: selecting('_id', '$$ROOT') },
    { format: 'rows', selection },
  ],
});

/** The address that is named, and not the one by which the set knows its member. */
function directly(url: string): string {
  const direct = new URL(url);
  direct.search = '?directConnection=true';
  return direct.toString();
}

async function setUp(): Promise<ReaderUnderTest> {
  const database = await createMongoDatabase();
  const people = database.db.collection<{ _id: number; filler: string }>('people');
  await database.db.createCollection('people');
  return {
    url: directly(database.url),
    openReader: (url = directly(database.url)) => {
      const config = mongodbConfigSchema.parse({ connector: 'mongodb', url });
      return openMongodbReader(config, {
        pipeline: 'conformance',
        lanes: 2,
        signal: never,
        notice: () => {},
      });
    },
    fill: async (from, to) => {
      const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
      await people.insertMany(numbers.map((_id) => ({ _id, filler: String(_id).padEnd(1_000, '.') })));
    },
    remove: async (number) => {
      await people.deleteOne({ _id: number });
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
