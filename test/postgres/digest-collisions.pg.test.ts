import { expect, test } from 'vitest';
import { createTestDatabase } from '../support/postgres.ts';
import { collect, never, readerFor, selecting } from './support.ts';

/**
 * Values that the server's own hashes confuse, or nearly: they fold eight bytes to four (1 and 2^32), leave out a numeric's sign, and
 * give zero, NaN and NULL the seed or its neighbours.
 */
const awkward: Readonly<Record<string, readonly string[]>> = {
  boolean: ['true', 'false'],
  smallint: ['0', '1', '-1'],
  integer: ['0', '1', '-1', '2147483647'],
  oid: ['0', '1', '4294967295'],
  bigint: [
    '0',
    '1',
    '-1',
    '2',
    '4294967296',
    '8589934592',
    '-4294967296',
    '9007199254740992',
    '9007199254740993',
    '9223372036854775807',
    '9223372036854775806',
    '-9223372036854775808',
  ],
  real: ['0', '-0', '1', '-1', 'NaN', 'Infinity', '-Infinity'],
  'double precision': ['0', '-0', '1', '-1', 'NaN', 'Infinity', '-Infinity'],
  numeric: [
    '0',
    '0.00',
    '1',
    '-1',
    '1.5',
    '-1.5',
    '1.50',
    '10000',
    '100000000',
    '0.0001',
    'NaN',
    'Infinity',
    '-Infinity',
  ],
  'numeric(20,4)': ['0', '1', '-1', '1.5', '-1.5', '10000', '100000000', '0.0001', 'NaN'],
  money: ['0', '0.01', '42949672.96', '-0.01'],
  text: ['', ' ', 'a', 'a ', 'A'],
  'character varying(5)': ['', ' ', 'a', 'a '],
  'character(3)': ['', 'a', 'A', 'ab'],
  bytea: ['', '\\x00', '\\x0000'],
  uuid: [
    '00000000-0000-0000-0000-000000000000',
    '00000000-0000-0001-0000-000000000000',
    '00000000-0000-0000-0000-000100000000',
  ],
  date: ['2000-01-01', '2000-01-02', '1999-12-31', '4713-01-01 BC', '5874897-12-31', 'infinity', '-infinity'],
  time: ['00:00', '00:00:00.000001', '01:11:34.967296', '24:00'],
  timetz: ['00:00+00', '01:00+01', '00:00:00.000001+00', '01:11:34.967296+00', '00:00-01'],
  timestamp: [
    '2000-01-01',
    '2000-01-01 01:11:34.967297',
    '2000-01-01 02:23:09.934594',
    '4713-01-01 00:00:00 BC',
    '4713-01-01 00:00:00.000001 BC',
    '294276-12-31 23:59:59.999999',
    '294276-12-31 23:59:59.999998',
    '2000-01-01 00:00:00.000001',
    '2000-01-01 01:11:34.967296',
    '9999-12-31 23:59:59.999999',
    '9999-12-31 23:59:59.999998',
    'infinity',
    '-infinity',
  ],
  timestamptz: [
    '2000-01-01+00',
    '2000-01-01 01:11:34.967297+00',
    '2000-01-01 02:23:09.934594+00',
    '4713-01-01 00:00:00+00 BC',
    '4713-01-01 00:00:00.000001+00 BC',
    '294276-12-31 23:59:59.999999+00',
    '294276-12-31 23:59:59.999998+00',
    '2000-01-01 00:00:00.000001+00',
    '2000-01-01 01:11:34.967296+00',
    '9999-12-31 23:59:59.999999+00',
    '9999-12-31 23:59:59.999998+00',
    'infinity',
    '-infinity',
  ],
  interval: ['0', '1 mon', '30 days', '720:00', '0.000001 s', '01:11:34.967296'],
  pg_lsn: ['0/0', '0/1', '1/0'],
  xid8: ['0', '1', '4294967296'],
  inet: ['10.0.0.0/8', '10.0.0.0/9', '10.0.0.0', '::1'],
  jsonb: ['null', '1', '1.0', '-1', '"1"', '{}', '[]', '{"a": 1}', '{"a": 1.0}', '{"b": 1}'],
  'bigint[]': ['{}', '{NULL}', '{1}', '{4294967296}', '{1,NULL}', '{{1}}', '[0:0]={1}'],
  int8range: ['empty', '[1,2)', '[4294967296,4294967297)', '[1,)', '(,)'],
  tsvector: ['', 'a', 'a:1', 'a:2'],
  'bit varying': ['', '0', '00', '1'],
};

const nullability = ['columns that may be null', 'columns that are never null', 'one of each'] as const;
const cases = Object.entries(awkward).flatMap(([type, values]) =>
  nullability.map((kind) => ({ type, values, kind })),
);

test.for(cases)('no two pairs of values share a hash: $type, $kind', async ({ type, values, kind }) => {
  await using database = await createTestDatabase();
  const { a, b } = {
    'columns that may be null': { a: true, b: true },
    'columns that are never null': { a: false, b: false },
    'one of each': { a: false, b: true },
  }[kind];
  const literals = values.map((value) => `'${value}'`);
  const orNull = (nullable: boolean) => (nullable ? ['NULL', ...literals] : literals);
  const pairs = orNull(a).flatMap((one) => orNull(b).map((other) => `(${one}, ${other})`));
  const notNull = (nullable: boolean) => (nullable ? '' : ' NOT NULL');
  await database.query(
    `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a ${type}${notNull(a)}, b ${type}${notNull(b)});
     INSERT INTO t (a, b) VALUES ${pairs.join(', ')}`,
  );
  const hashes = await hashesOf(database.url);
  expect(hashes).toHaveLength(pairs.length);
  expect(new Set(hashes).size).toBe(pairs.length);
});

test('a null in a column that was believed never to be null hides no difference', async () => {
  await using database = await createTestDatabase();
  await database.query(
    `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, b text);
     INSERT INTO t (a, b) VALUES (NULL, 'x'), (NULL, 'y'), (1, NULL), (2, NULL), (NULL, NULL), (1, 'x')`,
  );
  expect(new Set(await hashesOf(database.url, { nullable: false })).size).toBe(6);
});

/** Hashes of the rows by their columns a and b, as the table says whether these may be null, or as it is said here. */
async function hashesOf(url: string, said: { readonly nullable?: boolean } = {}): Promise<readonly bigint[]> {
  await using reader = readerFor(url);
  const shape = await reader.describe('t', { signal: never });
  const columns = (shape?.columns ?? []).map((column) => ({ ...column, ...said }));
  const agreement = reader.proposeDigest(columns);
  if (agreement === null) throw new Error('no agreement');
  await using snapshot = await reader.snapshot({ signal: never });
  const everything = { id: 'all', from: null, to: null, estimatedRows: 0 };
  const query = {
    selection: selecting('a', 'b'),
    keyColumns: [],
    groups: 1,
    agreement,
    onlyGroups: null,
    signal: never,
  };
  const batches = await collect(snapshot.hashes('t', everything, query));
  return batches.flat().map(({ hash }) => hash);
}
