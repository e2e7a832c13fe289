import { expect, test } from 'vitest';
import type { PostgresReader } from '../../src/connectors/postgres/reader/postgres-reader.ts';
import type { DigestAgreement, HashedKey } from '../../src/protocol/digest.ts';
import type { Partition } from '../../src/protocol/partition.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { collect, never, readerFor, selecting } from './support.ts';

const whole: Partition = { id: 'all', from: null, to: null, estimatedRows: 0 };

const table = `CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE TABLE t (id int PRIMARY KEY, a numeric, b text, c jsonb, d json, e mood, f float8, g int[], h char(5), i timestamptz,
    j int4range, k interval, l point, m xml, n inet);
  INSERT INTO t SELECT i, i / 10.0, 'text ' || i, jsonb_build_object('x', i), '{"y": 1}', 'happy', i / 3.0, ARRAY[i, NULL], 'ab',
    '2026-01-01'::timestamptz + i * '1 s'::interval, int4range(i, i + 5), '1 mon', '(1,2)', '<a/>', '10.0.0.1'
  FROM generate_series(1, 500) i`;

async function everything(reader: PostgresReader) {
  const shape = await reader.describe('t', { signal: never });
  const columns = (shape?.columns ?? []).map(({ name, type }) => ({ name, type }));
  const agreement = reader.proposeDigest(columns);
  if (agreement === null) throw new Error('no agreement');
  return { agreement, selection: selecting(...columns.map(({ name }) => name)) };
}

async function hashesOf(
  reader: PostgresReader,
  agreement: DigestAgreement,
  onlyGroups: ReadonlySet<number> | null,
) {
  const { selection } = await everything(reader);
  await using snapshot = await reader.snapshot({ signal: never });
  const query = { selection, keyColumns: ['id'], groups: 16, agreement, signal: never, onlyGroups };
  const batches: (readonly HashedKey[])[] = await collect(snapshot.hashes('t', whole, query));
  return new Map(batches.flat().map(({ key, hash }) => [key, hash]));
}

async function digestOf(reader: PostgresReader, agreement: DigestAgreement, groups: number) {
  const { selection } = await everything(reader);
  await using snapshot = await reader.snapshot({ signal: never });
  const digests = await snapshot.digest('t', whole, {
    selection,
    keyColumns: ['id'],
    groups,
    agreement,
    signal: never,
  });
  return new Map(digests);
}

test('PostgreSQL 17 and 18 hash alike: probe, digests and hashes agree', async () => {
  await using older = await createTestDatabase({ version: 17 });
  await using newer = await createTestDatabase({ version: 18 });
  await older.query(table);
  await newer.query(table);
  await using a = readerFor(older.url);
  await using b = readerFor(newer.url);
  const { agreement } = await everything(a);
  expect(await a.probeDigest(agreement, { signal: never })).toBe(
    await b.probeDigest(agreement, { signal: never }),
  );
  const digests = await digestOf(a, agreement, 16);
  expect(digests.size).toBe(16);
  expect([...digests.values()].reduce((sum, { rows }) => sum + rows, 0)).toBe(500);
  expect(await digestOf(b, agreement, 16)).toEqual(digests);
  expect(await digestOf(b, agreement, 1)).toEqual(await digestOf(a, agreement, 1));
  expect(await hashesOf(b, agreement, null)).toEqual(await hashesOf(a, agreement, null));
});

const differences: readonly (readonly [string, string])[] = [
  ['the scale of a number', `UPDATE t SET a = 0.10 WHERE id = 1`],
  ['the sign of zero', `UPDATE t SET f = '-0' WHERE id = 1`],
  ['digits inside jsonb', `UPDATE t SET c = '{"x": 1.0}' WHERE id = 1`],
  ['spacing inside json', `UPDATE t SET d = '{"y":1}' WHERE id = 1`],
  ['a month for 30 days', `UPDATE t SET k = '30 days' WHERE id = 1`],
  ['the bounds of an array', `UPDATE t SET g = '[0:1]={1,NULL}' WHERE id = 1`],
  ['the dimensions of an array', `UPDATE t SET g = '{{1,NULL}}' WHERE id = 1`],
  ['the label of an enum', `UPDATE t SET e = 'sad' WHERE id = 1`],
];

test.for(differences)('a digest sees a difference that `=` does not: %s', async ([, change]) => {
  await using database = await createTestDatabase();
  await database.query(table);
  if (change.includes('-0')) await database.query('UPDATE t SET f = 0 WHERE id = 1');
  await using reader = readerFor(database.url);
  const { agreement } = await everything(reader);
  const before = await hashesOf(reader, agreement, null);
  const digests = await digestOf(reader, agreement, 16);
  await database.query(change);
  const after = await hashesOf(reader, agreement, null);
  expect([...after].filter(([key, hash]) => before.get(key) !== hash).map(([key]) => key)).toEqual(['["1"]']);
  const changed = await digestOf(reader, agreement, 16);
  const groups = [...changed]
    .filter(([group, { hash }]) => digests.get(group)?.hash !== hash)
    .map(([group]) => group);
  expect(groups).toHaveLength(1);
  const suspects = await hashesOf(reader, agreement, new Set(groups));
  expect(suspects.has('["1"]')).toBe(true);
  expect(suspects.size).toBe(changed.get(groups[0] ?? -1)?.rows);
});

test('rows without a key are grouped by what they are', async () => {
  await using database = await createTestDatabase();
  await database.query(
    `CREATE TABLE t (a int, b text); INSERT INTO t SELECT i % 10, 'x' FROM generate_series(1, 100) i`,
  );
  await using reader = readerFor(database.url);
  const { agreement, selection } = await everything(reader);
  await using snapshot = await reader.snapshot({ signal: never });
  const query = { selection, keyColumns: [], groups: 64, agreement, signal: never };
  const digests = await snapshot.digest('t', whole, query);
  expect([...digests].every(([, { rows }]) => rows % 10 === 0)).toBe(true);
  const batches = await collect(snapshot.hashes('t', whole, { ...query, onlyGroups: null }));
  expect(new Set(batches.flat().map(({ key }) => key)).size).toBe(10);
});

test('text is hashed by its bytes, whatever its collation holds equal', async () => {
  await using database = await createTestDatabase();
  await database.query(`CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE t (id int PRIMARY KEY, v text COLLATE loose); INSERT INTO t VALUES (1, 'a'), (2, 'A')`);
  await using reader = readerFor(database.url);
  const { agreement } = await everything(reader);
  await using snapshot = await reader.snapshot({ signal: never });
  const hashed = await collect(
    snapshot.hashes('t', whole, {
      selection: selecting('v'),
      keyColumns: ['v'],
      groups: 1,
      agreement,
      onlyGroups: null,
      signal: never,
    }),
  );
  expect(new Set(hashed.flat().map(({ hash }) => hash)).size).toBe(2);
});
