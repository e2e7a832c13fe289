import type { Row } from '../../../../src/protocol/value.ts';
import { columnsForm, type WriterUnderTest } from '../../../conformance/writer/writer-under-test.ts';
import { writerConformance } from '../../../conformance/writer.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { openWriter, planFor } from './destination.ts';

for (const version of [17, 18] as const) {
  writerConformance(`PostgreSQL ${version}`, {
    setUp: () => setUp(version),
    form: columnsForm,
    ownedScope: true,
    replaces: true,
    typed: true,
  });
}

async function setUp(version: 17 | 18): Promise<WriterUnderTest> {
  const db = await createTestDatabase({ version });
  await db.query('CREATE TABLE people (id int PRIMARY KEY, email text NOT NULL UNIQUE, note text)');
  return {
    openWriter: () => openWriter(db),
    plan: (options = {}) =>
      planFor({
        target: 'people',
        columns: ['id', 'email', 'note'],
        scope: options.scope ?? { kind: 'default' },
        ...(options.leaving === undefined ? {} : { leaving: options.leaving }),
      }),
    stored: async () => (await db.query<Row & object>('SELECT * FROM people ORDER BY id')).rows,
    insert: async (rows) => {
      for (const { id, email, note } of rows) {
        await db.query('INSERT INTO people VALUES ($1, $2, $3)', [id, email, note]);
      }
    },
    noteIs: (text) => `note = '${text}'`,
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}
