import { withoutModifier } from '../types/type-table.ts';

/*
 * A row's hash is made column by column where the type's own hash function can be called from SQL on every version that we support, and
 * loses nothing; the others go into one record, which costs more for each column.
 */

type Direct = (expression: string, seed: number) => string;

const call =
  (name: string): Direct =>
  (expression, seed) =>
    `pg_catalog.${name}(${expression}, ${seed})`;

const asText: Direct = (expression, seed) =>
  `pg_catalog.hashtextextended((${expression})::pg_catalog.text COLLATE pg_catalog."C", ${seed})`;

const byBytes: Direct = (expression, seed) =>
  `pg_catalog.hashtextextended((${expression}) COLLATE pg_catalog."C", ${seed})`;

/** 0 and -0 are equal for the type and different in the stored form; their texts differ. */
const float =
  (name: string): Direct =>
  (expression, seed) =>
    `CASE WHEN (${expression}) = 0 THEN ${asText(expression, seed)} ELSE ${call(name)(expression, seed)} END`;

/** Days as a number; the two infinities have none. */
const date: Direct = (expression, seed) =>
  `CASE WHEN pg_catalog.isfinite(${expression}) ` +
  `THEN pg_catalog.hashint4extended((${expression}) - '2000-01-01'::pg_catalog.date, ${seed}) ELSE ${asText(expression, seed)} END`;

/**
 * The server's hash of an eight-byte integer folds it to four bytes: 1 and 4294967296 have the same. The hash of the value as a float
 * tells those apart, and what it confuses (neighbours beyond 2^53) the folded one tells apart.
 */
const bigint: Direct = (expression, seed) =>
  `${call('hashint8extended')(expression, seed)} # pg_catalog.hashfloat8extended((${expression})::pg_catalog.float8, ${seed})`;

const byType: Readonly<Record<string, Direct>> = {
  boolean: (expression, seed) => `pg_catalog.hashint4extended((${expression})::pg_catalog.int4, ${seed})`,
  smallint: call('hashint2extended'),
  integer: call('hashint4extended'),
  bigint,
  real: float('hashfloat4extended'),
  'double precision': float('hashfloat8extended'),
  text: byBytes,
  'character varying': byBytes,
  uuid: call('uuid_hash_extended'),
  date,
  jsonb: asText,
};

/** Types whose modifier fixes what their `=` is loose about: the padding of character(n). */
const byModifiedType: Readonly<Record<string, Direct>> = {
  character: (expression, seed) =>
    `pg_catalog.hashbpcharextended((${expression}) COLLATE pg_catalog."C", ${seed})`,
};

/** Types whose values are hashed alike have one method, so that a key of either falls into the same group. */
const spelledAlike: Readonly<Record<string, string>> = { 'character varying': 'text' };

const prefix = 'direct:';

/** The method of a type that is hashed by a function of its own; null: it goes into the record. */
export function directMethodOf(formatType: string): string | null {
  const bare = withoutModifier(formatType);
  if (Object.hasOwn(byType, bare)) return `${prefix}${spelledAlike[bare] ?? bare}`;
  return bare !== formatType && Object.hasOwn(byModifiedType, bare) ? `${prefix}${bare}(n)` : null;
}

/** Undefined: the method is not one of these. */
export function directHash(method: string): Direct | undefined {
  if (!method.startsWith(prefix)) return undefined;
  const type = method.slice(prefix.length);
  return type.endsWith('(n)') ? byModifiedType[type.slice(0, -'(n)'.length)] : byType[type];
}

/** Undefined: its own hash does. Groups need no hash that tells all keys apart, so where there is a cheaper one it is taken. */
export const groupHash = (method: string): Direct | undefined =>
  method === `${prefix}bigint` ? call('hashint8extended') : undefined;

/** Every direct method on one value each, and on the values that it takes special care of. */
export const directProbes: readonly (readonly [method: string, literal: string])[] = [
  ['direct:boolean', 'true'],
  ['direct:smallint', '1::int2'],
  ['direct:integer', '-2::int4'],
  ['direct:bigint', '3000000000::int8'],
  ['direct:real', '1.5::float4'],
  ['direct:double precision', '-0.1::float8'],
  ['direct:double precision', `'-0'::float8`],
  ['direct:text', `U&'\\00e4\\00df'::text`],
  ['direct:character varying', `'probe'::varchar`],
  ['direct:uuid', `'6f1b5c1e-0c6a-4f0e-9d3e-1f2a3b4c5d6e'::uuid`],
  ['direct:date', `'2026-01-02'::date`],
  ['direct:date', `'infinity'::date`],
  ['direct:character(n)', `'ab '::char(3)`],
  ['direct:jsonb', `'{"bb": 1.50, "a": [null, "x"]}'::jsonb`],
];
