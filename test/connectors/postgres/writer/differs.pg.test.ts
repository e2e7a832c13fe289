import { describe, expect, it } from 'vitest';
import type { Row, Value } from '../../../../src/protocol/value.ts';
import { chunks, holding, never } from '../../../conformance/writer/writer-under-test.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { openTable } from './destination.ts';

interface Case {
  readonly type: string;
  readonly stored: string;
  /** Stored otherwise, though `=` may say that it is the same. */
  readonly other: Value;
  readonly same: Value;
}

const cases: readonly Case[] = [
  { type: 'numeric', stored: '1.0', other: '1.00', same: '1.0' },
  { type: 'numeric(10,2)', stored: '1.00', other: '1.01', same: '1' },
  { type: 'float8', stored: '0', other: -0, same: 0 },
  { type: 'float4', stored: 'NaN', other: 1, same: Number.NaN },
  { type: 'jsonb', stored: '{"a": [1, "x"]}', other: { a: [1, 'y'] }, same: { a: [1, 'x'] } },
  { type: 'json', stored: '{"b":1,"a":2}', other: { a: 2, b: 1 }, same: { b: 1, a: 2 } },
  { type: 'interval', stored: '1 day', other: '24:00:00', same: '1 day' },
  { type: 'char(4)', stored: 'ab', other: 'ac', same: 'ab' },
  { type: 'public.citext', stored: 'Anna', other: 'anna', same: 'Anna' },
  { type: 'text COLLATE public.blind', stored: 'Anna', other: 'anna', same: 'Anna' },
  { type: 'public.mood', stored: 'glad', other: 'sad', same: 'glad' },
  { type: 'public.percent', stored: '5', other: 6, same: 5 },
  { type: 'public.pair', stored: '(1,a)', other: '(1,b)', same: '(1,a)' },
  { type: 'int4[]', stored: '{1,NULL,3}', other: [1, 2, 3], same: [1, null, 3] },
  { type: 'varchar(3)[]', stored: '{abc}', other: ['abd'], same: ['abc'] },
  { type: 'int4range', stored: '[1,5)', other: '[1,6)', same: '[1,4]' },
  {
    type: 'timestamptz',
    stored: '2026-01-01 10:00:00+00',
    other: '2026-01-01T10:00:01Z',
    same: '2026-01-01T11:00:00+01:00',
  },
  { type: 'bytea', stored: '\\x00ff', other: new Uint8Array([0, 254]), same: new Uint8Array([0, 255]) },
  { type: 'point', stored: '(1,2)', other: '(1,3)', same: '(1,2)' },
  { type: 'xml', stored: '<a/>', other: '<a></a>', same: '<a/>' },
  { type: 'bit', stored: '1', other: '0', same: '1' },
  { type: 'inet', stored: '10.0.0.1/24', other: '10.0.0.1/25', same: '10.0.0.1/24' },
];

const types = `
  CREATE EXTENSION citext SCHEMA public;
  CREATE COLLATION public.blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE TYPE public.mood AS ENUM ('sad', 'glad');
  CREATE DOMAIN public.percent AS int CHECK (VALUE BETWEEN 0 AND 100);
  CREATE TYPE public.pair AS (n int, t text);`;

describe('what counts as different', () => {
  it.each(cases)('$type: as it is stored', async ({ type, stored, other, same }) => {
    await using db = await createTestDatabase();
    const ddl = `${types} CREATE TABLE t (id int PRIMARY KEY, v ${type});
      INSERT INTO t VALUES (1, '${stored}'), (2, NULL);`;
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'v'] });
    const { target } = open;
    const given = (value: Value): Row[] => [
      { id: 1, v: value },
      { id: 2, v: null },
    ];
    expect(await target.judge(given(same), { signal: never })).toEqual(['same', 'same']);
    expect(await target.judge(given(other), { signal: never })).toEqual(['different', 'same']);
    const again = await target.merge(chunks(...given(same)), holding(1));
    expect(again).toEqual({ inserted: 0, updated: 0, unchanged: 2, clashes: 0 });
    expect((await target.merge(chunks(...given(other)), holding(1))).updated).toBe(1);
    expect(await target.judge(given(other), { signal: never })).toEqual(['same', 'same']);
  });

  it('tells numbers in jsonb apart that are equal to jsonb', async () => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, v jsonb); INSERT INTO t VALUES (1, '{"a": 1.0}')`;
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'v'] });
    expect(await open.target.judge([{ id: 1, v: { a: 1 } }], { signal: never })).toEqual(['different']);
  });

  it('finds rows by a key whose equality is loose, and respells it', async () => {
    await using db = await createTestDatabase();
    const ddl = `${types} CREATE TABLE t (id public.citext PRIMARY KEY, v text); INSERT INTO t VALUES ('Anna', 'x')`;
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'v'] });
    const row = { id: 'anna', v: 'x' };
    expect(await open.target.judge([row], { signal: never })).toEqual(['different']);
    expect((await open.target.merge(chunks(row), holding(1))).updated).toBe(1);
    expect((await db.query('SELECT id::text FROM t')).rows).toEqual([{ id: 'anna' }]);
    expect((await open.target.present(['["ANNA"]'], { signal: never })).size).toBe(1);
  });

  it('refuses a text that a domain or a modifier does not take, instead of cutting it', async () => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, v varchar(3)[])`;
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'v'] });
    await expect(open.target.merge(chunks({ id: 1, v: ['abcd'] }), holding(1))).rejects.toMatchObject({
      code: 'value-refused',
    });
  });
});
