import type { ReaderUnderTest } from '../conformance/reader/reader-under-test.ts';
import { readerConformance } from '../conformance/reader.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { readerFor, selecting } from './support.ts';

const selection = selecting('id', 'filler');

for (const version of [17, 18] as const) {
  readerConformance(`PostgreSQL ${version}`, {
    setUp: () => setUp(version),
    collection: 'public.people',
    keyColumn: 'id',
    selection,
    upTo: (number) => `id <= ${number}`,
    key: (number) => `["${number}"]`,
    formats: [
      { format: 'pg-copy', selection },
      { format: 'rows', selection },
    ],
  });
}

async function setUp(version: 17 | 18): Promise<ReaderUnderTest> {
  const database = await createTestDatabase({ version });
  await database.query('CREATE TABLE people (id int PRIMARY KEY, filler text NOT NULL)');
  return {
    url: database.url,
    openReader: async (url = database.url) => readerFor(url),
    fill: async (from, to) => {
      await database.query(
        `INSERT INTO people SELECT n, repeat(md5(n::text), 32) FROM generate_series(${from}, ${to}) AS n; ANALYZE people`,
      );
    },
    remove: async (number) => {
      await database.query(`DELETE FROM people WHERE id = ${number}`);
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
