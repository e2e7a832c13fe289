import { describe, expect, it } from 'vitest';
import type { Value } from '../../../../src/protocol/value.ts';
import { chunks, holding, leave, upsert } from '../../../conformance/writer/writer-under-test.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { openTable } from './destination.ts';

interface Case {
  readonly type: string;
  readonly values: readonly [Value, Value, Value];
}

const uuid = (last: number): string => `00000000-0000-4000-8000-00000000000${last}`;
const cases: readonly Case[] = [
  { type: 'text NOT NULL', values: ['a', 'b', 'c'] },
  { type: 'text', values: ['a', 'b', 'c'] },
  { type: "text NOT NULL CHECK (v LIKE '%@%')", values: ['a@x', 'b@x', 'c@x'] },
  { type: 'varchar(2) NOT NULL', values: ['aa', 'bb', 'cc'] },
  { type: 'varchar(40) NOT NULL', values: ['aa', 'bb', 'cc'] },
  { type: 'char(3) NOT NULL', values: ['aa', 'bb', 'cc'] },
  { type: 'int NOT NULL', values: [1, 2, 3] },
  { type: 'int NOT NULL CHECK (v > 0)', values: [1, 2, 3] },
  { type: 'smallint NOT NULL', values: [32767, 2, 3] },
  { type: 'bigint NOT NULL', values: [9223372036854775807n, 2n, 3n] },
  { type: 'uuid NOT NULL', values: [uuid(1), uuid(2), uuid(3)] },
  { type: 'numeric NOT NULL', values: ['1.5', '2', '3'] },
  { type: 'date NOT NULL', values: ['2026-01-01', '2026-01-02', '2026-01-03'] },
  {
    type: 'timestamptz NOT NULL',
    values: ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'],
  },
  { type: 'bytea NOT NULL', values: [new Uint8Array([1]), new Uint8Array([2]), new Uint8Array([3])] },
];

describe('changes that block each other', () => {
  it.each(cases)('$type: two and three rows exchange unique values', async ({ type, values: [a, b, c] }) => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, v ${type}, UNIQUE (v))`;
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'v'] });
    const { target } = open;
    await target.append(chunks({ id: 1, v: a }, { id: 2, v: b }, { id: 3, v: c }), holding(1));
    const rotate = [
      upsert(target, { id: 1, v: b }),
      upsert(target, { id: 2, v: c }),
      upsert(target, { id: 3, v: a }),
    ];
    const alone = await target.apply(rotate, holding(1));
    expect(alone).toMatchObject(rotate.map(() => ({ kind: 'failed', error: { class: 'deferred' } })));
    const outcomes = await target.applyTogether(rotate, holding(1));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['updated', 'updated', 'updated']);
    const swap = [upsert(target, { id: 1, v: c }), upsert(target, { id: 2, v: b })];
    await target.applyTogether(swap, holding(1));
    const rows = [
      { id: 1, v: c },
      { id: 2, v: b },
      { id: 3, v: a },
    ];
    expect(await target.judge(rows, holding(1))).toEqual(['same', 'same', 'same']);
  });

  it('exchanges values of composite and expression indexes', async () => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, kind bool NOT NULL, mail text NOT NULL);
      CREATE UNIQUE INDEX ON t (lower(mail), kind) WHERE kind;
      INSERT INTO t VALUES (1, true, 'A@x'), (2, true, 'B@x'), (3, false, 'a@X')`;
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'kind', 'mail'] });
    const { target } = open;
    const rows = [
      { id: 1, kind: true, mail: 'b@x' },
      { id: 2, kind: true, mail: 'a@x' },
    ];
    const held = (key: string) => ({ key, columns: ['kind', 'mail'], isOurs: true });
    expect(await target.holders(rows, holding(1))).toEqual([[held('["2"]')], [held('["1"]')]]);
    await target.applyTogether(
      rows.map((row) => upsert(target, row)),
      holding(1),
    );
    expect(await target.judge(rows, holding(1))).toEqual(['same', 'same']);
  });

  it('inserts rows that refer to each other, and hands values of leaving rows on', async () => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL UNIQUE, boss int REFERENCES t);
      INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', 1)`;
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'v', 'boss'] });
    const { target } = open;
    const changes = [
      upsert(target, { id: 3, v: 'a', boss: 4 }),
      upsert(target, { id: 4, v: 'c', boss: 3 }),
      upsert(target, { id: 2, v: 'b', boss: 4 }),
      leave(target, 1),
    ];
    const outcomes = await target.applyTogether(changes, holding(1));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['inserted', 'inserted', 'updated', 'left']);
    const { rows } = await db.query('SELECT id, v, boss FROM t ORDER BY id');
    expect(rows).toEqual([
      { id: 2, v: 'b', boss: 4 },
      { id: 3, v: 'a', boss: 4 },
      { id: 4, v: 'c', boss: 3 },
    ]);
  });

  it('leaves references with a null where rows need each other by a unique value', async () => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL UNIQUE, next text REFERENCES t (code));
      INSERT INTO t VALUES (1, 'a', NULL)`;
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'code', 'next'] });
    const { target } = open;
    const changes = [
      upsert(target, { id: 1, code: 'b', next: 'a' }),
      upsert(target, { id: 2, code: 'a', next: 'b' }),
    ];
    const outcomes = await target.applyTogether(changes, holding(1));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['updated', 'inserted']);
    expect((await db.query('SELECT next FROM t ORDER BY id')).rows).toEqual([{ next: 'a' }, { next: 'b' }]);
  });

  it('throws and writes nothing when a stranger holds the value', async () => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL UNIQUE); INSERT INTO t VALUES (1, 'a'), (9, 'z')`;
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'v'] });
    const { target } = open;
    const changes = [upsert(target, { id: 1, v: 'z' }), upsert(target, { id: 2, v: 'a' })];
    await expect(target.applyTogether(changes, holding(1))).rejects.toMatchObject({
      code: 'unique-conflict',
    });
    expect((await db.query('SELECT v FROM t ORDER BY id')).rows).toEqual([{ v: 'a' }, { v: 'z' }]);
  });
});
