import { expect, test } from 'vitest';
import { createTestDatabase } from '../support/postgres.ts';
import { never, readerFor } from './support.ts';

const domains = `CREATE DOMAIN share AS numeric(5,4) CHECK (VALUE BETWEEN 0 AND 1);
  CREATE DOMAIN named AS varchar(9) NOT NULL; CREATE SCHEMA other; CREATE DOMAIN other.kept AS named; CREATE TABLE x ()`;

const spellings: readonly (readonly [name: string, spelled: string | null])[] = [
  ['int', 'integer'],
  ['varchar(9)', 'character varying(9)'],
  ['timestamp (3) with time zone', 'timestamp(3) with time zone'],
  ['numeric(12,2)[]', 'numeric(12,2)[]'],
  ['public.share', 'public.share'],
  ['Public . Share', 'public.share'],
  ['public.named', 'public.named'],
  ['public.named[]', 'public.named[]'],
  ['other.kept', 'other.kept'],
  ['public.x', 'public.x'],
  ['public.share(3)', null],
  ['varchar(0)', null],
  ['strnig', null],
  ['nowhere.kept', null],
  ['"int', null],
  ['', null],
  ['int NOT NULL', null],
  ['int -- a comment', null],
  ['setof int', null],
  ['record', null],
  ['anyelement', null],
  ['int); DROP TABLE x; SELECT (1', null],
  ['int), (SELECT 1', null],
];

test.each([17, 18] as const)(
  'types are spelled as the server does, domains as themselves, and nothing else is carried out: PostgreSQL %i',
  async (version) => {
    await using database = await createTestDatabase({ version });
    await database.query(domains);
    await using reader = readerFor(database.url);
    const names = spellings.map(([name]) => name);
    expect([...(await reader.spellTypes(names, { signal: never }))]).toEqual(spellings);
    const { rows } = await database.query(`SELECT to_regclass('x')::text AS name`);
    expect(rows).toEqual([{ name: 'x' }]);
  },
);
