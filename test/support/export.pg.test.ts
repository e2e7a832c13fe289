import { describe, expect, test } from 'vitest';
import { compareTables, expectSameTable, tableDigest } from './export.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';

const everyType = `
  CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN positive AS int CHECK (VALUE > 0);
  CREATE TYPE pair AS (a int, b text);
  CREATE TABLE t (
    id text PRIMARY KEY, i int, n numeric, f float8, b bool, c char(5), j json, jb jsonb, ts timestamptz, iv interval,
    u uuid, by bytea, arr text[], e mood, d positive, p pair, r int4range, ip inet, pt point, x xml, o oid, q tsvector
  );
  INSERT INTO t VALUES
    ('a', 1, 1.10, 'NaN', true, 'ab', '{"a": 1}', '{"a": 1}', '2026-01-01 00:00+02', '1 day', gen_random_uuid(), '\\x00ff',
     '{a,NULL,"b c"}', 'ok', 3, '(1,x)', '[1,5)', '10.0.0.1/8', '(1,2)', '<a/>', 7, 'a b'),
    ('B', NULL, NULL, '-0', false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('ä', 0, 1e300, 1e-300, NULL, '', 'null', 'null', 'infinity', '24:00', NULL, '', '{}', 'sad', 1, '(,)', 'empty', '::1', NULL, '', 0, '')`;

const table = (db: TestDatabase, name = 't') => ({ url: db.url, table: name });

describe('the independent export', () => {
  test('finds a copy the same, over servers of both versions and all kinds of types', async () => {
    await using a = await createTestDatabase({ version: 17 });
    await using b = await createTestDatabase({ version: 18, locale: { provider: 'icu', name: 'de' } });
    await a.query(everyType);
    await b.query(everyType);
    const uuid = await a.query<{ u: string }>(`SELECT u FROM t WHERE id = 'a'`);
    await b.query(`UPDATE t SET u = $1 WHERE id = 'a'`, [uuid.rows[0]?.u]);
    expect(await expectSameTable(table(a), table(b))).toBe(3);
    expect(await tableDigest(table(a))).toEqual(await tableDigest(table(b)));
  });

  test.each([
    ['a changed value', `UPDATE t SET i = 2 WHERE id = 'a'`, /row id = "a": column i: "1" \| "2"/],
    ['a value that became null', `UPDATE t SET n = NULL WHERE id = 'a'`, /column n: "1.10" \| NULL/],
    [
      'another scale, which = takes as equal',
      `UPDATE t SET n = 1.1 WHERE id = 'a'`,
      /column n: "1.10" \| "1.1"/,
    ],
    ['another float zero', `UPDATE t SET f = 0 WHERE id = 'B'`, /column f: "-0" \| "0"/],
    [
      'a missing row',
      `DELETE FROM t WHERE id = 'ä'`,
      /after 2 equal rows: only the first side has the row id = "ä"/,
    ],
    [
      'an added row',
      `INSERT INTO t (id) VALUES ('A')`,
      /after 0 equal rows: only the second side has the row id = "A"/,
    ],
    ['a renamed column', 'ALTER TABLE t RENAME ip TO address', /columns differ/],
  ])('finds %s', async (_, change, message) => {
    await using a = await createTestDatabase();
    await a.query(everyType);
    await using b = await createTestDatabase();
    await b.query(everyType);
    await b.query('UPDATE t SET u = NULL');
    await a.query('UPDATE t SET u = NULL');
    await b.query(change);
    await expect(expectSameTable(table(a), table(b))).rejects.toThrow(message);
  });

  test('sees a difference that the text hides', async () => {
    await using db = await createTestDatabase();
    await db.query(
      `CREATE TABLE a AS SELECT 1 AS id, interval '1 day' AS v; CREATE TABLE b AS SELECT 1 AS id, 1::int8 AS w`,
    );
    await db.query(`CREATE VIEW narrow AS SELECT id, 1::int4 AS w FROM b`);
    const found = await compareTables(
      { ...table(db, 'b'), key: ['id'] },
      { ...table(db, 'narrow'), key: ['id'] },
    );
    expect(found.difference).toMatch(/both print "1", but their binary forms differ/);
  });

  test('compares tables without a key as bags of rows', async () => {
    await using db = await createTestDatabase();
    await db.query(
      `CREATE TABLE a (x int, y text); INSERT INTO a VALUES (1, NULL), (1, NULL), (2, 'z'), (10, '')`,
    );
    await db.query(
      `CREATE TABLE b (y text, x int); INSERT INTO b VALUES ('', 10), (NULL, 1), ('z', 2), (NULL, 1)`,
    );
    expect(await expectSameTable(table(db, 'a'), table(db, 'b'))).toBe(4);
    await db.query('DELETE FROM b WHERE ctid = (SELECT min(ctid) FROM b WHERE x = 1)');
    await expect(expectSameTable(table(db, 'a'), table(db, 'b'))).rejects.toThrow(
      /only the first side has the row \(x = "1", y = NULL\)/,
    );
  });

  test('compares what a mapping makes of a table: queries, chosen columns', async () => {
    await using db = await createTestDatabase();
    await db.query(
      `CREATE TABLE a AS SELECT g AS id, 'N' || g AS name, g AS secret FROM generate_series(1, 5000) g`,
    );
    await db.query(`CREATE TABLE b AS SELECT g AS id, 'n' || g AS name FROM generate_series(1, 5000) g`);
    const mapped = { url: db.url, query: 'SELECT id, lower(name) AS name FROM a', key: ['id'] };
    expect(await expectSameTable(mapped, { ...table(db, 'b'), key: ['id'] })).toBe(5_000);
    const ids = { key: ['id'], columns: ['id'] };
    expect((await compareTables({ ...table(db, 'a'), ...ids }, { ...table(db, 'b'), ...ids })).equal).toBe(
      true,
    );
  });
});
