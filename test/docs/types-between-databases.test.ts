import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { fieldTypeOf, postgresTypes } from '../../src/connectors/mongodb/fields/postgres-types.ts';

const page = new URL('../../docs/reference/types-between-databases.md', import.meta.url);

/** What the page calls the types of fields. */
const names: Readonly<Record<string, string>> = {
  int: 'Int32',
  long: 'Int64',
  double: 'Double',
  decimal: 'Decimal128',
  bool: 'Boolean',
  uuid: 'Binary, subtype 4',
  binData: 'Binary, subtype 0',
  date: 'Date',
};

test('the page has every type of PostgreSQL that becomes another than text, with what it becomes', async () => {
  const rows = (await readFile(page, 'utf8')).split('\n').filter((line) => line.startsWith('| `'));
  for (const type of postgresTypes) {
    const row = rows.find((line) => line.split('|')[1]?.includes(`\`${type}\``));
    const field = fieldTypeOf(type);
    expect(row?.split('|')[2], type).toContain(field === null ? 'document' : names[field]);
  }
});
