import { describe, expect, it } from 'vitest';
import { chunks, holding, never, upsert } from '../../../conformance/writer/writer-under-test.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { openTable } from './destination.ts';

describe.each([17, 18] as const)('columns of PostgreSQL %i', (version) => {
  it('gives identity ALWAYS columns their values and never updates them', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = 'CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text)';
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'v'] });
    const { target } = open;
    await target.append(chunks({ id: 7, v: 'a' }), holding(1));
    await target.merge(chunks({ id: 7, v: 'b' }, { id: 8, v: 'c' }), holding(1));
    await target.apply([upsert(target, { id: 8, v: 'd' }), upsert(target, { id: 9, v: 'e' })], holding(1));
    const { rows } = await db.query('SELECT * FROM t ORDER BY id');
    expect(rows).toEqual([
      { id: 7, v: 'b' },
      { id: 8, v: 'd' },
      { id: 9, v: 'e' },
    ]);
  });

  it('leaves generated columns and those that the target owns alone', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED,
      seen timestamptz DEFAULT '2000-01-01 00:00:00Z', hits int DEFAULT 5)`;
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'a', 'twice'] });
    const { target } = open;
    await target.append(chunks({ id: 1, a: 2, twice: 99 }), holding(1));
    await db.query('UPDATE t SET hits = 6');
    await target.merge(chunks({ id: 1, a: 3, twice: 99 }, { id: 2, a: 4, twice: 99 }), holding(1));
    const { rows } = await db.query('SELECT id, a, twice, hits FROM t ORDER BY id');
    expect(rows).toEqual([
      { id: 1, a: 3, twice: 6, hits: 6 },
      { id: 2, a: 4, twice: 8, hits: 5 },
    ]);
    expect(target.comparison().selection.columns.map(({ name }) => name)).toEqual(['id', 'a']);
    expect(await target.judge([{ id: 1, a: 3, twice: 0 }], { signal: never })).toEqual(['same']);
  });

  it('quotes whatever things are called', async () => {
    await using db = await createTestDatabase({ version });
    const table = '"Odd.Schema"."Tab""le $1"';
    const ddl = `CREATE SCHEMA "Odd.Schema"; CREATE TABLE ${table} ("Key ""k""" text PRIMARY KEY, "select" text UNIQUE, "ü.x" int)`;
    const parts = { target: table, columns: ['Key "k"', 'select', 'ü.x'], key: ['Key "k"'] };
    const scope = { kind: 'owned' } as const;
    await using open = await openTable(db, ddl, { ...parts, scope });
    const { target } = open;
    const row = (key: string, select: string, number: number) => ({ 'Key "k"': key, select, 'ü.x': number });
    await target.append(chunks(row("it's", 'a', 1), row('b', 'b', 2)), holding(1));
    await target.applyTogether(
      [upsert(target, row("it's", 'b', 1)), upsert(target, row('b', 'a', 2))],
      holding(1),
    );
    const outcomes = await target.apply(
      [upsert(target, row('b', 'a', 3)), { kind: 'leave', key: `["it's"]` }],
      holding(1),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['updated', 'left']);
    expect((await db.query(`SELECT * FROM ${table}`)).rows).toEqual([row('b', 'a', 3)]);
    expect(await target.holders([row('c', 'a', 1)], { signal: never })).toMatchObject([[{ key: '["b"]' }]]);
  });

  it('names holders by keys as rows spell them, with the blanks of padded types', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = `CREATE DOMAIN code AS char(4); CREATE TABLE t (a char(3), b code, v int UNIQUE, PRIMARY KEY (a, b))`;
    const parts = { target: 't', columns: ['a', 'b', 'v'], key: ['a', 'b'] };
    await using open = await openTable(db, ddl, parts);
    const { target } = open;
    await target.append(chunks({ a: 'x', b: 'y', v: 1 }), holding(1));
    expect(await target.holders([{ a: 'z', b: 'z', v: 1 }], { signal: never })).toMatchObject([
      [{ key: '["x  ","y   "]' }],
    ]);
  });

  it('takes keys of several columns', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = 'CREATE TABLE t (at timestamptz, part uuid, v numeric, PRIMARY KEY (part, at))';
    await using open = await openTable(db, ddl, {
      target: 't',
      columns: ['at', 'part', 'v'],
      key: ['part', 'at'],
    });
    const { target } = open;
    const part = '0198c0de-0000-7000-8000-000000000001';
    const row = (at: string, v: string) => ({ at, part: part.toUpperCase(), v });
    await target.append(
      chunks(row('2026-01-01T00:00:00.5Z', '1.50'), row('2026-01-02T00:00:00Z', '2')),
      holding(1),
    );
    const key = target.keyOf(row('2026-01-01T01:00:00.500+01:00', '0'));
    expect(key).toBe(JSON.stringify([part, '2026-01-01T00:00:00.5Z']));
    expect(await target.present([key], { signal: never })).toEqual(new Set([key]));
    const outcomes = await target.apply([{ kind: 'leave', key }], holding(1));
    expect(outcomes).toEqual([{ kind: 'left' }]);
    expect(await target.countRows({ signal: never })).toBe(1);
  });

  it('applies partial changes to the row that is there', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, a text, b text); INSERT INTO t VALUES (1, 'a', 'b'), (2, 'a', 'b')`;
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'a', 'b'] });
    const patch = (id: number, row: Record<string, string>) =>
      ({ kind: 'patch', key: `["${id}"]`, row }) as const;
    const outcomes = await open.target.apply(
      [patch(1, { a: 'x' }), patch(2, { b: 'b' }), patch(3, { a: 'y' })],
      holding(1),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['updated', 'unchanged', 'failed']);
    expect(outcomes[2]).toMatchObject({ error: { code: 'row-missing' } });
    expect((await db.query('SELECT a, b FROM t WHERE id = 1')).rows).toEqual([{ a: 'x', b: 'b' }]);
  });
});
