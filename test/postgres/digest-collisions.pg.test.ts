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
  date: ['2000-01-01', '2000-01-02', '1999-12-31', 'infinity', '-infinity'],
  time: ['00:00', '00:00:00.000001', '01:11:34.967296', '24:00'],
  timetz: ['00:00+00', '01:00+01', '00:00:00.000001+00', '01:11:34.967296+00', '00:00-01'],
  timestamp: [
    '2000-01-01',
    '2000-01-01 00:00:00.000001',
    '2000-01-01 01:11:34.967296',
    '9999-12-31 23:59:59.999999',
    '9999-12-31 23:59:59.999998',
    'infinity',
    '-infinity',
  ],
  timestamptz: [
    '2000-01-01+00',
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

test.for(Object.entries(awkward))('no two pairs of values share a hash: %s', async ([type, values]) => {
  await using database = await createTestDatabase();
  const literals = ['NULL', ...values.map((value) => `'${value}'`)];
  const pairs = literals.flatMap((one) => literals.map((other) => `(${one}, ${other})`));
  await database.query(
    `CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a ${type}, b ${type}); INSERT INTO t (a, b) VALUES ${pairs.join(', ')}`,
  );
  await using reader = readerFor(database.url);
  const shape = await reader.describe('t', { signal: never });
  const agreement = reader.proposeDigest(shape?.columns ?? []);
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
  const hashes = batches.flat().map(({ hash }) => hash);
  expect(hashes).toHaveLength(pairs.length);
  expect(new Set(hashes).size).toBe(pairs.length);
});
