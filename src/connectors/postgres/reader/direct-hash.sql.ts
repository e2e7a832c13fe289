import { withoutModifier } from '../types/type-table.ts';

/*
 * A row's hash is made column by column where the type's own hash function can be called from SQL on every version that we support, and
 * loses nothing; the others go into one record, which costs more for each column.
 */

/** The seed is an expression that stands in it once: the hash of the column before, and that of all before it. */
type Direct = (expression: string, seed: string) => string;

const call =
  (name: string): Direct =>
  (expression, seed) =>
    `pg_catalog.${name}(${expression}, ${seed})`;

const asText: Direct = (expression, seed) =>
  `pg_catalog.hashtextextended((${expression})::pg_catalog.text COLLATE pg_catalog."C", ${seed})`;

const byBytes: Direct = (expression, seed) =>
  `pg_catalog.hashtextextended((${expression}) COLLATE pg_catalog."C", ${seed})`;

/** The hash, mixed with what it does not see: also where it is nothing but its seed, as for zero and NaN. */
const andWhether = (condition: string, hash: string): string =>
  `pg_catalog.hashint4extended((${condition})::pg_catalog.int4, ${hash})`;

/** 0 and -0 are equal for the type and different in the stored form; their texts differ. */
const float =
  (name: string): Direct =>
  (expression, seed) =>
    andWhether(
      `(${expression}) = 0 AND (${expression})::pg_catalog.text = '-0'`,
      call(name)(expression, seed),
    );

/** Days as a number; the two infinities have none, and get numbers that no day has. */
const date: Direct = (expression, seed) =>
  `pg_catalog.hashint4extended(CASE ${expression} WHEN 'infinity' THEN 2147483647 WHEN '-infinity' THEN -2147483647 ` +
  `ELSE (${expression}) - '2000-01-01'::pg_catalog.date END, ${seed})`;

/**
 * The server's hash of an eight-byte integer folds it to four bytes: 1 and 4294967296 have the same. The hash of the value as a float
 * tells those apart, and what it confuses (neighbours beyond 2^53) the folded one tells apart.
 */
const bigint: Direct = (expression, seed) =>
  `pg_catalog.hashfloat8extended((${expression})::pg_catalog.float8, ${call('hashint8extended')(expression, seed)})`;

/** The same eight bytes, under a type whose hash every version has; also of infinity. */
const withoutZone = (expression: string): string =>
  `pg_catalog.timezone('0'::pg_catalog.interval, ${expression})`;

/**
 * Microseconds, folded as an eight-byte integer is. What tells those with one folded hash apart is the upper half: the moment cut down to
 * a multiple of 2^32 microseconds. (The first moments that the type knows can't be cut down; they keep theirs.)
 */
const moment =
  (type: string, plain: (expression: string) => string): Direct =>
  (expression, seed) => {
    const cut = `pg_catalog.date_bin('01:11:34.967296'::pg_catalog.interval, ${expression}, '2000-01-01 00:00:00+00'::pg_catalog.${type})`;
    const upper = `CASE WHEN (${expression}) > '4700-01-01 00:00:00+00 BC'::pg_catalog.${type} THEN ${cut} ELSE (${expression}) END`;
    const hash = call('timestamp_hash_extended');
    return hash(plain(upper), hash(plain(expression), seed));
  };

/** With a scale in its type only digits and sign differ between values. The server's hash has the digits, and, mixed with nothing, where they begin. */
const scaled: Direct = (expression, seed) =>
  andWhether(`(${expression}) < 0`, call('hash_numeric_extended')(expression, seed));

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
  'timestamp without time zone': moment('timestamp', (expression) => `(${expression})`),
  'timestamp with time zone': moment('timestamptz', withoutZone),
  jsonb: asText,
};

/** Types whose modifier fixes what their `=` is loose about: the padding of character(n), the scale of numeric(p,s). */
const byModifiedType: Readonly<Record<string, Direct>> = {
  character: (expression, seed) =>
    `pg_catalog.hashbpcharextended((${expression}) COLLATE pg_catalog."C", ${seed})`,
  numeric: scaled,
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
  ['direct:timestamp without time zone', `'2026-01-02 03:04:05.6'::timestamp`],
  ['direct:timestamp without time zone', `'-infinity'::timestamp`],
  ['direct:timestamp with time zone', `'2026-01-02 03:04:05.6+00'::timestamptz`],
  ['direct:timestamp with time zone', `'4713-01-01 00:00:00+00 BC'::timestamptz`],
  ['direct:numeric(n)', '-1.50::numeric(5,2)'],
  ['direct:character(n)', `'ab '::char(3)`],
  ['direct:jsonb', `'{"bb": 1.50, "a": [null, "x"]}'::jsonb`],
];
