import { expect, test } from 'vitest';
import type { Row } from '../../src/index.ts';
import { expectSameTable } from '../support/export.ts';
import { directions } from './cases.ts';
import { openPair } from './pair.ts';
import { nothing, writesOf } from './writes.ts';

interface Kind {
  readonly type: string;
  readonly given: string;
  /** What the function makes of it, and the same in SQL. */
  readonly change: (value: Row[string]) => Row[string];
  readonly expected: string;
}

const kinds: readonly Kind[] = [
  { type: 'smallint', given: '7', change: (value) => Number(value) + 1, expected: '8' },
  { type: 'int', given: '7', change: (value) => BigInt(Number(value)) * 2n, expected: '14' },
  {
    type: 'bigint',
    given: '9007199254740993',
    change: (value) => `${value}`.slice(0, 15),
    expected: '900719925474099',
  },
  { type: 'real', given: '1.5', change: (value) => Number(value) / 3, expected: '0.5' },
  { type: 'double precision', given: '0', change: () => -0, expected: `'-0'` },
  { type: 'double precision', given: '1', change: () => Number.NaN, expected: `'NaN'` },
  { type: 'numeric', given: '1.50', change: (value) => `${value}0`, expected: '1.500' },
  { type: 'numeric(12,2)', given: '1', change: () => 2.005, expected: '2.01' },
  { type: 'numeric(12,2)', given: '1', change: () => 3n, expected: '3.00' },
  { type: 'boolean', given: 'true', change: (value) => value !== true, expected: 'false' },
  { type: 'text', given: `'a'`, change: (value) => `${value}ü🎉`, expected: `'aü🎉'` },
  { type: 'text', given: `'a'`, change: () => 42n, expected: `'42'` },
  { type: 'varchar(9)', given: `'a'`, change: () => true, expected: `'true'` },
  { type: 'char(4)', given: `'a'`, change: (value) => `${value}`.trimEnd().toUpperCase(), expected: `'A'` },
  { type: '"char"', given: `'a'`, change: () => 'b', expected: `'b'` },
  {
    type: 'uuid',
    given: `'0192f0c1-2b3c-7def-8abc-0123456789ab'`,
    change: (value) => `${value}`.replaceAll('-', '').toUpperCase(),
    expected: `'0192f0c1-2b3c-7def-8abc-0123456789ab'`,
  },
  {
    type: 'bytea',
    given: `'\\x00ff'`,
    change: (value) => (value instanceof Uint8Array ? Buffer.concat([value, value]) : null),
    expected: `'\\x00ff00ff'`,
  },
  { type: 'bytea', given: `'\\x00'`, change: () => '\\xabcd', expected: `'\\xabcd'` },
  {
    type: 'json',
    given: `'{"a": 1}'`,
    change: () => ({ b: [1, null, 'x'] }),
    expected: `'{"b":[1,null,"x"]}'`,
  },
  {
    type: 'jsonb',
    given: `'{"b": 1.50}'`,
    change: (value) => ({ zz: 1, a: [value ?? null] }),
    expected: `'{"a": [{"b": 1.5}], "zz": 1}'`,
  },
  {
    type: 'jsonb',
    given: `'1.50'`,
    change: () => 123_456_789_012_345_678n,
    expected: `'123456789012345678'`,
  },
  {
    type: 'date',
    given: `'2024-02-29'`,
    change: () => new Date('2025-03-01T23:59:59Z'),
    expected: `'2025-03-01'`,
  },
  { type: 'time', given: `'03:04:05'`, change: (value) => `${value}.5`, expected: `'03:04:05.5'` },
  { type: 'timestamp', given: `'2024-02-29 01:02:03'`, change: () => new Date(0), expected: `'1970-01-01'` },
  {
    type: 'timestamp(0)',
    given: `'2024-02-29 01:02:03'`,
    change: () => '2024-01-01T00:00:00.5',
    expected: `'2024-01-01 00:00:01'`,
  },
  {
    type: 'timestamptz',
    given: `'2024-02-29 01:02:03+05'`,
    change: () => '2024-01-01T02:00:00+02:00',
    expected: `'2024-01-01 00:00:00+00'`,
  },
  { type: 'int[]', given: `'{1,2}'`, change: () => [3, null, 4], expected: `'{3,NULL,4}'` },
  {
    type: 'text[]',
    given: `'{a}'`,
    change: () => ['x y', 'NULL', '"\\'],
    expected: `'{"x y","NULL","\\"\\\\"}'`,
  },
  { type: 'interval', given: `'1 day'`, change: () => '24:00:00', expected: `'24:00:00'` },
  { type: 'int4range', given: `'[1,5)'`, change: () => '[2,9]', expected: `'[2,10)'` },
  {
    type: 'inet',
    given: `'10.0.0.1'`,
    change: (value) => `${value}`.replace('/32', '/8'),
    expected: `'10.0.0.1/8'`,
  },
  { type: 'point', given: `'(1,2)'`, change: () => '(0,-0)', expected: `'(0,-0)'` },
  { type: 'text', given: 'NULL', change: () => 'no longer null', expected: `'no longer null'` },
  { type: 'text', given: `'gone'`, change: () => null, expected: 'NULL' },
];

const names = kinds.map((_, index) => `c${index}`);
const definition = `id int PRIMARY KEY, ${kinds.map(({ type }, index) => `c${index} ${type}`).join(', ')}`;
const row = (values: (kind: Kind) => string) =>
  `(id, ${names.join(', ')}) SELECT n, ${kinds.map((kind) => `${values(kind)}::${kind.type}`).join(', ')} FROM generate_series(1, 300) AS n`;

const map = (source: Row): Row => ({
  ...source,
  ...Object.fromEntries(kinds.map(({ change }, index) => [`c${index}`, change(source[`c${index}`] ?? null)])),
});

test.for(directions)(
  'values of every kind that a function changes arrive as it made them, $source to $target',
  async (one) => {
    await using pair = await openPair(one);
    await pair.source.query(
      `CREATE TABLE kinds (${definition}); INSERT INTO kinds ${row(({ given }) => given)}`,
    );
    await pair.source.query(
      `CREATE TABLE expected (${definition}); INSERT INTO expected ${row(({ expected }) => expected)}`,
    );
    const engine = await pair.engine({ collections: { kinds: { map } }, create: true });
    expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
    expect(await expectedRows()).toBe(300);
    expect(await engine.verify('it')).toMatchObject({
      equal: true,
      collections: [{ method: 'rows read and hashed' }],
    });
    expect(await writesOf(pair.target, 'kinds', () => engine.run('it'))).toEqual(nothing);
    await pair.target.query(
      `UPDATE kinds SET (${names.join(', ')}) = ROW (${names.map(() => 'DEFAULT').join(', ')}) WHERE id = 7`.replaceAll(
        'ROW (',
        '(',
      ),
    );
    await engine.verify('it', { repair: true });
    await expectedRows();

    function expectedRows(): Promise<number> {
      const judged = { query: 'SELECT * FROM expected', key: ['id'] };
      return expectSameTable(
        { url: pair.source.url, ...judged },
        { url: pair.target.url, query: 'SELECT * FROM kinds', key: ['id'] },
      );
    }
  },
);
