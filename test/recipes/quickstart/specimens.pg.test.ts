import { expect, test } from 'vitest';
import { fill, schema, sizeOf } from '../../../src/recipes/quickstart/demo/shop.sql.ts';
import { unenterable } from '../../support/every-type.ts';
import { createTestDatabase } from '../../support/postgres.ts';

/** Types of values, arrays left out: their elements stand for them. */
const everyType = `
  SELECT typname AS name FROM pg_type
   WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm')
     AND NOT EXISTS (SELECT FROM pg_type AS element WHERE element.typarray = pg_type.oid)`;
const ofSpecimens = `
  SELECT DISTINCT typname AS name FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
   WHERE attrelid = 'shop.specimens'::regclass AND attnum > 0`;

test.for([17, 18] as const)(
  'the demo has a column of every type of PostgreSQL %i that a value can be written of, and none is empty',
  async (version) => {
    await using database = await createTestDatabase({ version });
    for (const statement of [schema, ...fill(sizeOf(1_000))]) await database.query(statement);
    const { rows: wanted } = await database.query<{ name: string }>(everyType);
    const { rows: had } = await database.query<{ name: string }>(ofSpecimens);
    const names = new Set(had.map(({ name }) => name));
    const missing = wanted
      .map(({ name }) => name)
      .filter((name) => !names.has(name) && !(name in unenterable));
    expect(missing).toEqual([]);
    const { rows: empty } = await database.query<{ key: string }>(
      `SELECT key FROM shop.specimens, jsonb_each(to_jsonb(specimens)) WHERE id = 1 AND value = 'null'`,
    );
    expect(empty.map(({ key }) => key)).toEqual([]);
  },
);
