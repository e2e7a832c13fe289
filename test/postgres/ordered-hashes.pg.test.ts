import { expect, test } from 'vitest';
import type { PostgresReader } from '../../src/connectors/postgres/reader/postgres-reader.ts';
import { joinInOrder } from '../../src/engine/walk/ordered-join.ts';
import type { Partition } from '../../src/protocol/partition.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { never, readerFor, selecting } from './support.ts';

interface KeyCase {
  readonly name: string;
  readonly columns: string;
  /** One SQL literal list a row, in no order. */
  readonly keys: readonly string[];
}

/** All kinds of keys that have one order on every server, with the values at the ends of it. */
const cases: readonly KeyCase[] = [
  { name: 'smallint', columns: 'a smallint', keys: ['0', '-1', '1', '-32768', '32767', '255', '256'] },
  { name: 'integer', columns: 'a integer', keys: ['0', '-1', '1', '-2147483648', '2147483647', '65536'] },
  {
    name: 'bigint',
    columns: 'a bigint',
    keys: ['0', '-1', '1', '-9223372036854775808', '9223372036854775807', '4294967296', '-4294967296'],
  },
  {
    name: 'uuid',
    columns: 'a uuid',
    keys: [
      `'00000000-0000-0000-0000-000000000000'`,
      `'ffffffff-ffff-ffff-ffff-ffffffffffff'`,
      `'80000000-0000-0000-0000-000000000000'`,
      `'7fffffff-0000-0000-0000-000000000000'`,
    ],
  },
  {
    name: 'bytea',
    columns: 'a bytea',
    keys: [`''`, `'\\x00'`, `'\\x0000'`, `'\\xff'`, `'\\x80'`, `'\\x7f01'`],
  },
  {
    name: 'date',
    columns: 'a date',
    keys: [`'-infinity'`, `'infinity'`, `'2000-01-01'`, `'1999-12-31'`, `'0044-03-15 BC'`, `'2026-11-29'`],
  },
  {
    name: 'timestamp',
    columns: 'a timestamp',
    keys: [
      `'-infinity'`,
      `'infinity'`,
      `'2000-01-01'`,
      `'1999-12-31 23:59:59.999999'`,
      `'2026-11-29 01:02:03.4'`,
    ],
  },
  {
    name: 'timestamptz',
    columns: 'a timestamptz',
    keys: [
      `'-infinity'`,
      `'infinity'`,
      `'2000-01-01Z'`,
      `'1969-12-31 23:59:59.999999Z'`,
      `'2026-11-29 01:02:03+14'`,
    ],
  },
  {
    name: 'text by bytes',
    columns: 'a text COLLATE "C"',
    keys: [`''`, `'a'`, `'A'`, `'ä'`, `'aa'`, `'😀'`, `'ﬀ'`],
  },
  {
    name: 'several columns',
    columns: 'a varchar(9) COLLATE "C", b bigint, c date',
    keys: [
      `'x', -5, '2020-01-01'`,
      `'x', 5, '1990-01-01'`,
      `'x', 5, '2020-01-01'`,
      `'', 0, '2020-01-01'`,
      `'xx', -9, '2020-01-01'`,
    ],
  },
];

const whole: Partition = { id: 'all', from: null, to: null, estimatedRows: 0 };

async function query(reader: PostgresReader) {
  const shape = await reader.describe('t', { signal: never });
  const columns = (shape?.columns ?? []).map(({ name, type }) => ({ name, type }));
  const agreement = reader.proposeDigest(columns);
  if (agreement === null || shape?.key?.order == null) throw new Error('no agreement, or no order');
  const selection = selecting(...columns.map(({ name }) => name));
  return { selection, keyColumns: shape.key.columns, groups: 1, agreement, signal: never };
}

async function suspects(source: PostgresReader, target: PostgresReader) {
  await using here = await source.snapshot({ signal: never });
  await using there = await target.snapshot({ signal: never });
  const found = { missing: [] as string[], extra: [] as string[], different: [] as string[] };
  const options = { suspectsAtOnce: 2, signal: never, onEnd: () => undefined };
  const [wanted, stored] = [await query(source), await query(target)];
  const joined = joinInOrder(
    here.hashesInOrder('t', whole, wanted),
    there.hashesInOrder('t', whole, stored),
    options,
  );
  for await (const part of joined) {
    found.missing.push(...part.missing);
    found.extra.push(...part.extra);
    found.different.push(...part.different);
  }
  return found;
}

test.for(cases)('two servers are joined in the order of $name', async ({ columns, keys }) => {
  await using older = await createTestDatabase({ version: 17 });
  await using newer = await createTestDatabase({ version: 18 });
  const names = columns.split(', ').map((column) => column.split(' ')[0]);
  const create = `CREATE TABLE t (${columns}, v int, PRIMARY KEY (${names.join(', ')}))`;
  const rows = keys.map((key, index) => `(${key}, ${index})`);
  for (const database of [older, newer])
    await database.query(`${create}; INSERT INTO t VALUES ${rows.join(', ')}`);
  await using source = readerFor(older.url);
  await using target = readerFor(newer.url);
  expect(await suspects(source, target)).toEqual({ missing: [], extra: [], different: [] });

  await newer.query('UPDATE t SET v = -1 WHERE v = 1; DELETE FROM t WHERE v IN (0, 3)');
  await older.query('DELETE FROM t WHERE v = 2');
  const found = await suspects(source, target);
  // In the order of the key, and no row beside those that were changed.
  expect([found.missing.length, found.extra.length, found.different.length]).toEqual([2, 1, 1]);
});

test('the keys of suspects are spelled as those of rows that are read', async () => {
  await using here = await createTestDatabase();
  await using there = await createTestDatabase();
  const create = 'CREATE TABLE t (at timestamptz, b bytea, PRIMARY KEY (at, b))';
  await here.query(`${create}; INSERT INTO t VALUES ('2026-11-29 01:02:03.004005+00', '\\x0aff')`);
  await there.query(create);
  await using source = readerFor(here.url);
  await using target = readerFor(there.url);
  const { missing } = await suspects(source, target);
  await using snapshot = await source.snapshot({ signal: never });
  const { selection, keyColumns } = await query(source);
  const rows = await snapshot.lookup('t', missing, { selection, keyColumns, notBefore: null, signal: never });
  expect([...rows.keys()]).toEqual(missing);
  expect([...rows.values()]).not.toContain(null);
});
