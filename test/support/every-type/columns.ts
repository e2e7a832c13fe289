import { baseValues } from './base-values.ts';

/** A column of the table with every type: its type and SQL expressions for its values. */
export interface SampleColumn {
  readonly name: string;
  readonly type: string;
  /** What follows the type in CREATE TABLE. */
  readonly suffix: string;
  /** Empty: the database fills it. */
  readonly values: readonly string[];
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const column = (name: string, type: string, values: readonly string[]): SampleColumn => ({
  name,
  type,
  suffix: '',
  values: values.map((value) => `${literal(value)}::${type}`),
});

/** Nulls inside, two dimensions, other bounds, and none at all. */
function arrayColumn(name: string, type: string, values: readonly string[]): SampleColumn {
  const items = values.map((value) => `${literal(value)}::${type}`);
  const array = `${type}[]`;
  return {
    name,
    type: array,
    suffix: '',
    values: [
      `ARRAY[${[...items, `NULL::${type}`].join(', ')}]`,
      `'{}'::${array}`,
      `ARRAY[ARRAY[${items[0]}], ARRAY[NULL::${type}]]`,
      `array_fill(${items[0]}, ARRAY[2, 1], ARRAY[0, -3])`,
    ],
  };
}

const both = (name: string, type: string, values: readonly string[]): SampleColumn[] => [
  column(name, type, values),
  arrayColumn(`${name} []`, type, values),
];

const baseColumns = Object.entries(baseValues).flatMap(([type, values]) =>
  both(type, `pg_catalog.${JSON.stringify(type)}`, values),
);

const modified: readonly SampleColumn[] = [
  ...both('numeric(12,2)', 'numeric(12,2)', ['0.10', '-9999999999.99', 'NaN']),
  ...both('numeric(3,-2)', 'numeric(3,-2)', ['99900', '-100']),
  ...both('varchar(5)', 'varchar(5)', ['', 'abcde', 'ü🎉']),
  ...both('char(5)', 'char(5)', ['', 'ab', 'abcde']),
  ...both('bit(8)', 'bit(8)', ['10101010', '00000000']),
  ...both('varbit(8)', 'varbit(8)', ['', '101']),
  ...both('timestamp(0)', 'timestamp(0)', ['2024-02-29 12:34:56', 'infinity']),
  ...both('timestamptz(3)', 'timestamptz(3)', ['2024-02-29 12:34:56.789+00']),
  ...both('time(2)', 'time(2)', ['12:34:56.78']),
  ...both('interval day to second(3)', 'interval day to second(3)', ['1 day 02:03:04.567']),
  { ...column('text C', 'text', ['b', 'B', 'ä']), suffix: ' COLLATE "C"' },
  { ...column('text ucs', 'varchar', ['b', 'B', 'ä']), suffix: ' COLLATE ucs_basic' },
];

const ranges: readonly SampleColumn[] = Object.entries({
  int4range: ['empty', '[1,5)', '(,)', '[,7)'],
  int8range: ['empty', '[-9223372036854775808,9223372036854775807)'],
  numrange: ['empty', '(0.10,1.000]', '(,NaN]'],
  daterange: ['empty', '[2024-01-01,infinity)', '(,2024-01-01)'],
  tsrange: ['empty', '["2024-01-01 00:00:00","2024-01-02 00:00:00.000001"]'],
  tstzrange: ['empty', '["2024-01-01 00:00:00+00",infinity)'],
}).flatMap(([type, values]) => {
  const multirange = type.replace('range', 'multirange');
  const several = [...values.map((value) => `{${value}}`), '{}'];
  return [...both(type, type, values), ...both(multirange, multirange, several)];
});

/** Types of the schema's own, and one of each kind made of others. */
export const userTypes = (schema: string): string => `
CREATE TYPE ${schema}."Mood" AS ENUM ('sad', 'it''s ok', 'HAPPY "x", {y}', 'ü');
COMMENT ON TYPE ${schema}."Mood" IS 'how it feels';
CREATE DOMAIN ${schema}.price AS numeric(10,2) NOT NULL DEFAULT 1.50 CONSTRAINT positive CHECK (VALUE > 0);
CREATE DOMAIN ${schema}.moods AS ${schema}."Mood"[] CHECK (cardinality(VALUE) < 5);
CREATE DOMAIN ${schema}.mood_too AS ${schema}."Mood" CHECK (VALUE <> 'sad');
CREATE DOMAIN ${schema}.code AS text COLLATE "C" CHECK (VALUE ~ '^[A-Z]+$');
CREATE DOMAIN ${schema}.short_code AS ${schema}.code CHECK (length(VALUE) <= 3);
CREATE TYPE ${schema}.pair AS ("the left" integer, "right" text COLLATE "C", mood ${schema}."Mood", amounts numeric(6,3)[]);
CREATE TYPE ${schema}.nested AS (pair ${schema}.pair, pairs ${schema}.pair[], during tstzrange, code ${schema}.code);
CREATE DOMAIN ${schema}.full_pair AS ${schema}.pair CHECK (VALUE IS NULL OR (VALUE)."the left" IS NOT NULL);
CREATE TYPE ${schema}.floats AS RANGE (subtype = float8, subtype_diff = float8mi, multirange_type_name = ${schema}.many_floats);
CREATE TYPE ${schema}.texts AS RANGE (subtype = text, collation = "C");
CREATE DOMAIN ${schema}.small_range AS int4range CHECK (upper(VALUE) < 100);
CREATE DOMAIN ${schema}.some_ranges AS int4multirange CHECK (NOT isempty(VALUE));`;

const userColumns = (schema: string): SampleColumn[] => [
  ...both('enum', `${schema}."Mood"`, ['sad', `it's ok`, 'HAPPY "x", {y}', 'ü']),
  ...both('domain of numeric', `${schema}.price`, ['0.01', '99999999.99']).slice(0, 1),
  ...both('domain of array', `${schema}.moods`, ['{}', '{sad,NULL,"HAPPY \\"x\\", {y}"}']),
  ...both('domain of enum', `${schema}.mood_too`, ['ü', `it's ok`]),
  ...both('domain of domain', `${schema}.short_code`, ['A', 'ABC']),
  ...both('composite', `${schema}.pair`, ['(1,"x, ""y"" (z)",sad,"{1.500,NULL}")', '(,,,)', '(2,"",ü,{})']),
  ...both('nested composite', `${schema}.nested`, [
    '("(1,x,sad,)","{""(2,y,ü,{1.000})""}",empty,ABC)',
    '(,,,)',
  ]),
  ...both('domain of composite', `${schema}.full_pair`, ['(1,,,)', '(2,x,sad,{})']),
  ...both('range', `${schema}.floats`, ['empty', '[-0,NaN]', '(,0.1]']),
  ...both('multirange', `${schema}.many_floats`, ['{}', '{[1,2],(3,4)}']),
  ...both('range of text', `${schema}.texts`, ['[a,"b, c"]', 'empty', '["",)']),
  ...both('domain of range', `${schema}.small_range`, ['[1,5)', '[50,60)']),
  ...both('domain of multirange', `${schema}.some_ranges`, ['{[1,5),[7,9)}']),
];

/** Filled by the database. */
const filled = (version: number): SampleColumn[] => [
  { name: 'serial', type: 'serial', suffix: '', values: [] },
  {
    name: 'identity',
    type: 'bigint',
    suffix: ' GENERATED BY DEFAULT AS IDENTITY (START 100 INCREMENT 5 CACHE 3)',
    values: [],
  },
  { name: 'identity always', type: 'smallint', suffix: '', values: [] },
  {
    name: 'generated',
    type: 'text',
    suffix: ` GENERATED ALWAYS AS (id::text || coalesce(lower("text"), '?')) STORED`,
    values: [],
  },
  ...(version >= 18
    ? [{ name: 'virtual', type: 'integer', suffix: ' GENERATED ALWAYS AS (id * 2) VIRTUAL', values: [] }]
    : []),
];

export const everyColumn = (schema: string, version: number): SampleColumn[] => [
  ...baseColumns,
  ...modified,
  ...ranges,
  ...userColumns(schema),
  ...filled(version),
];
