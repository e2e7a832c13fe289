import { describe, expect, it } from 'vitest';
import { formatName, qualified, quoteIdentifier } from '../../../src/connectors/postgres/names.ts';
import type { Change } from '../../../src/protocol/change.ts';
import { wholeCollection } from '../../../src/protocol/partition.ts';
import type { Target } from '../../../src/protocol/writer.ts';
import { holding, leave, upsert } from '../../conformance/writer/writer-under-test.ts';
import type { PlanParts } from '../../connectors/postgres/writer/destination.ts';
import { createEveryType } from '../../support/every-type.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { collect, readerFor, selecting } from '../support.ts';
import { countKinds, kinds, openTables, patch, windowOver } from './support.ts';

async function openOne(db: TestDatabase, ddl: string, plan: PlanParts) {
  const open = await openTables(db, ddl, [plan]);
  const [target] = open.targets as readonly [Target];
  const apply = async (...changes: readonly Change[]) =>
    kinds(await open.writer.applyWindow(windowOver({ target, changes }), holding(1)))[0];
  return { ...open, target, apply, [Symbol.asyncDispose]: () => open[Symbol.asyncDispose]() };
}

describe.each([17, 18] as const)('columns in windows of PostgreSQL %i', (version) => {
  it('gives identity ALWAYS columns their values and never updates them', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = 'CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text)';
    await using open = await openOne(db, ddl, { target: 't', columns: ['id', 'v'] });
    const { target, apply } = open;
    expect(await apply(upsert(target, { id: 7, v: 'a' }))).toEqual(['inserted']);
    expect(await apply(upsert(target, { id: 7, v: 'b' }), upsert(target, { id: 8, v: 'c' }))).toEqual([
      'updated',
      'inserted',
    ]);
  });

  it('leaves generated columns and those that the target owns alone', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED, hits int DEFAULT 5)`;
    await using open = await openOne(db, ddl, { target: 't', columns: ['id', 'a', 'twice'] });
    const { target, apply } = open;
    expect(await apply(upsert(target, { id: 1, a: 2, twice: 99 }))).toEqual(['inserted']);
    await db.query('UPDATE t SET hits = 6');
    expect(await apply(upsert(target, { id: 1, a: 2, twice: 0 }))).toEqual(['unchanged']);
    expect(await apply(upsert(target, { id: 1, a: 3, twice: 0 }))).toEqual(['updated']);
    expect((await db.query('SELECT * FROM t')).rows).toEqual([{ id: 1, a: 3, twice: 6, hits: 6 }]);
  });

  it('compares what the column keeps: rounded, padded, cut of blanks', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = `CREATE DOMAIN price AS numeric(6,2);
      CREATE TABLE t (id int PRIMARY KEY, n numeric(6,2), c char(4), v varchar(3), s timestamptz(0), j jsonb, p price)`;
    const columns = ['id', 'n', 'c', 'v', 's', 'j', 'p'];
    const row = {
      id: 1,
      n: '1.005',
      c: 'ab',
      v: 'abc   ',
      s: '2026-01-01T00:00:00.6Z',
      j: { b: 1, a: [1.5] },
      p: '2.345',
    };
    for (const scope of [{ kind: 'all' }, { kind: 'where', predicate: 'id > 0' }] as const) {
      await using open = await openOne(db, scope.kind === 'all' ? ddl : 'DELETE FROM t', {
        target: 't',
        columns,
        scope,
      });
      const { target, apply } = open;
      expect(await apply(upsert(target, row))).toEqual(['inserted']);
      const { rows } = await db.query('SELECT n::text, c::text, v, s::text, p::text FROM t');
      expect(rows[0]).toMatchObject({ n: '1.01', v: 'abc', p: '2.35' });
      const same = { ...row, p: '2.35', v: 'abc' };
      expect(await apply(upsert(target, same))).toEqual(['unchanged']);
      expect(await apply(upsert(target, { ...same, n: '1.02' }))).toEqual(['updated']);
      await expect(apply(upsert(target, { ...same, v: 'abcd' }))).rejects.toMatchObject({
        code: 'value-refused',
      });
    }
  });

  it('marks rows that leave, and clears the mark when they are back', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = 'CREATE TABLE t (id int PRIMARY KEY, v text, gone bool NOT NULL DEFAULT false)';
    const leaving = {
      kind: 'mark',
      set: { gone: 'true' },
      marked: 'gone',
      clear: { gone: 'false' },
    } as const;
    await using open = await openOne(db, ddl, { target: 't', columns: ['id', 'v'], leaving });
    const { target, apply } = open;
    expect(await apply(upsert(target, { id: 1, v: 'a' }), upsert(target, { id: 2, v: 'b' }))).toEqual([
      'inserted',
      'inserted',
    ]);
    expect(await apply(leave(target, 1), leave(target, 3))).toEqual(['left', 'unchanged']);
    expect(await apply(leave(target, 1), upsert(target, { id: 2, v: 'b' }))).toEqual([
      'unchanged',
      'unchanged',
    ]);
    expect((await db.query('SELECT id FROM t WHERE gone')).rows).toEqual([{ id: 1 }]);
    expect(await apply(upsert(target, { id: 1, v: 'a' }))).toEqual(['updated']);
    expect((await db.query('SELECT id FROM t WHERE gone')).rows).toEqual([]);
  });

  it('refuses a row that is back and still counts as gone', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = 'CREATE TABLE t (id int PRIMARY KEY, v text, gone bool NOT NULL DEFAULT false)';
    const leaving = { kind: 'mark', set: { gone: 'true' }, marked: 'gone', clear: {} } as const;
    await using open = await openOne(db, ddl, { target: 't', columns: ['id', 'v'], leaving });
    const { target, apply } = open;
    await apply(upsert(target, { id: 1, v: 'a' }));
    await apply(leave(target, 1));
    await expect(apply(upsert(target, { id: 1, v: 'b' }))).rejects.toMatchObject({ code: 'value-refused' });
  });

  it('runs a configured statement over the rows that leave', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = 'CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE left_rows (id int)';
    const statement = `INSERT INTO public.left_rows SELECT id FROM leaving;
      UPDATE public.t SET v = NULL WHERE id IN (SELECT id FROM leaving)`;
    const leaving = { kind: 'custom', statement, absent: 'v IS NULL' } as const;
    await using open = await openOne(db, ddl, { target: 't', columns: ['id', 'v'], leaving });
    const { target, apply } = open;
    await apply(upsert(target, { id: 1, v: 'a' }), upsert(target, { id: 2, v: 'b' }));
    expect(await apply(leave(target, 1), leave(target, 9), upsert(target, { id: 2, v: 'c' }))).toEqual([
      'left',
      'unchanged',
      'updated',
    ]);
    expect((await db.query('SELECT id FROM left_rows')).rows).toEqual([{ id: 1 }]);
    expect((await db.query('SELECT v FROM t ORDER BY id')).rows).toEqual([{ v: null }, { v: 'c' }]);
    expect([...(await open.writer.attach(holding(1))).positions]).toEqual([['main', 'p1']]);
  });

  it('finds whose leaving a configured statement refuses', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE left_rows (id int CHECK (id <> 3))`;
    const statement = `INSERT INTO public.left_rows SELECT id FROM leaving;
      UPDATE public.t SET v = NULL WHERE id IN (SELECT id FROM leaving WHERE id <> 5)`;
    const leaving = { kind: 'custom', statement, absent: 'v IS NULL' } as const;
    await using open = await openOne(db, ddl, { target: 't', columns: ['id', 'v'], leaving });
    const { target, writer, apply } = open;
    const ids = [1, 2, 3, 4, 5];
    await apply(...ids.map((id) => upsert(target, { id, v: 'a' })));
    const leaves = ids.map((id) => leave(target, id));
    await expect(apply(...leaves)).rejects.toMatchObject({ code: 'value-refused' });
    const outcomes = await writer.tryWindow(windowOver({ target, changes: leaves }), holding(1));
    expect(kinds(outcomes)).toEqual([['left', 'left', 'failed', 'left', 'failed']]);
    expect((await db.query('SELECT FROM left_rows')).rowCount).toBe(0);
    expect(await apply(...leaves.filter((_, index) => index % 2 === 1))).toEqual(['left', 'left']);
  });

  it('lets triggers see inserts that are inserts, and writes partitioned and deferrable-keyed tables', async () => {
    await using db = await createTestDatabase({ version });
    const triggered = `CREATE TABLE seen (id int); CREATE TABLE t (id int PRIMARY KEY, v text);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES (NEW.id); RETURN NEW; END $$;
      CREATE TRIGGER note BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION note()`;
    await using first = await openOne(db, triggered, { target: 't', columns: ['id', 'v'] });
    expect(await first.apply(upsert(first.target, { id: 1, v: 'a' }))).toEqual(['inserted']);
    expect(await first.apply(upsert(first.target, { id: 1, v: 'b' }))).toEqual(['updated']);
    expect((await db.query('SELECT id FROM seen')).rows).toEqual([{ id: 1 }]);
    const others = `CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
      CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
      CREATE TABLE d (id int PRIMARY KEY DEFERRABLE, v text)`;
    await db.query(others);
    for (const target of ['p', 'd']) {
      await using open = await openOne(db, 'SELECT 1', { target, columns: ['id', 'v'] });
      const rows = [upsert(open.target, { id: 1, v: 'a' }), upsert(open.target, { id: 11, v: 'a' })];
      expect(await open.apply(...rows)).toEqual(['inserted', 'inserted']);
      expect(await open.apply(upsert(open.target, { id: 1, v: 'b' }), leave(open.target, 11))).toEqual([
        'updated',
        'left',
      ]);
    }
  });

  it('applies partial rows of different columns, beside whole ones', async () => {
    await using db = await createTestDatabase({ version });
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, a text, b varchar(3)); INSERT INTO t SELECT i, 'a', 'b' FROM generate_series(1, 4) i`;
    await using open = await openOne(db, ddl, { target: 't', columns: ['id', 'a', 'b'] });
    const { target, apply } = open;
    const outcomes = await apply(
      patch(target, { id: 1 }, { a: 'x' }),
      patch(target, { id: 2 }, { b: null }),
      patch(target, { id: 3 }, { b: 'b' }),
      patch(target, { id: 4 }, {}),
      upsert(target, { id: 5, a: 'n', b: 'n' }),
    );
    expect(outcomes).toEqual(['updated', 'updated', 'unchanged', 'unchanged', 'inserted']);
    await expect(
      apply(patch(target, { id: 1 }, { a: 'y' }), patch(target, { id: 9 }, {})),
    ).rejects.toMatchObject({
      code: 'row-missing',
    });
    const { rows } = await db.query('SELECT a, b FROM t ORDER BY id');
    expect(rows.slice(0, 2)).toEqual([
      { a: 'x', b: 'b' },
      { a: 'a', b: null },
    ]);
  });

  it('carries every type through arrays, whole and in parts', async () => {
    await using db = await createTestDatabase({ version });
    const { schema, table, columns: samples } = await createEveryType(db);
    const from = qualified({ schema, table });
    const names = ['id', ...samples.filter(({ values }) => values.length > 0).map(({ name }) => name)];
    await using reader = readerFor(db.url);
    await using snapshot = await reader.snapshot({ signal: holding(1).signal });
    const chunks = await collect(
      snapshot.read(formatName({ schema, table }), wholeCollection(0), {
        selection: selecting(...names),
        format: 'rows',
        signal: holding(1).signal,
      }),
    );
    const rows = chunks.flatMap((chunk) => (chunk.format === 'rows' ? chunk.rows : []));
    for (const scope of [{ kind: 'all' }, { kind: 'where', predicate: 'id > 0' }] as const) {
      const name = `copy_${scope.kind}`;
      const ddl = `CREATE TABLE "${name}" (LIKE ${from} INCLUDING ALL)`;
      await using open = await openOne(db, ddl, { target: name, columns: names, scope });
      const { target, writer } = open;
      const changes = rows.map((row) => upsert(target, row));
      const first = await writer.applyWindow(windowOver({ target, changes }), holding(1));
      expect(countKinds(first[0] ?? [])).toEqual({ inserted: rows.length });
      const list = names.map((each) => `(${quoteIdentifier(each)})::text`).join(', ');
      const { rows: differences } = await db.query(
        `(SELECT ${list} FROM ${from} EXCEPT SELECT ${list} FROM "${name}") UNION ALL (SELECT ${list} FROM "${name}" EXCEPT SELECT ${list} FROM ${from})`,
      );
      expect(differences).toEqual([]);
      const again = await writer.applyWindow(windowOver({ target, changes }), holding(1));
      expect(countKinds(again[0] ?? [])).toEqual({ unchanged: rows.length });
      const patches = rows.map(({ id, ...row }) => ({
        kind: 'patch' as const,
        key: target.keyOf({ id: id ?? null }),
        row,
      }));
      const partly = await writer.applyWindow(windowOver({ target, changes: patches }), holding(1));
      expect(countKinds(partly[0] ?? [])).toEqual({ unchanged: rows.length });
    }
  });
});
