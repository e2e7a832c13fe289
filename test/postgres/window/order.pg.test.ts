import { describe, expect, it } from 'vitest';
import type { Target } from '../../../src/protocol/writer.ts';
import { holding, leave, upsert } from '../../conformance/writer/writer-under-test.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { kinds, openTables, windowOver } from './support.ts';

const only = (targets: readonly Target[]): Target => {
  const [target] = targets;
  if (target === undefined) throw new Error('no target was opened');
  return target;
};

const uniques = [
  ['plain', 'UNIQUE (v)'],
  ['deferrable', 'UNIQUE (v) DEFERRABLE'],
  ['deferred', 'UNIQUE (v) DEFERRABLE INITIALLY DEFERRED'],
  ['composite', 'UNIQUE (part, v)'],
  ['deferrable exclusion', 'EXCLUDE USING btree (v WITH =) DEFERRABLE'],
] as const;

describe('changes of one window that block each other', () => {
  it.each(uniques)('%s unique values change places, and move along a chain', async (_, constraint) => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, part int NOT NULL, v text NOT NULL, ${constraint});
      INSERT INTO t SELECT i, 1, chr(96 + i) FROM generate_series(1, 6) AS i`;
    await using open = await openTables(db, ddl, [{ target: 't', columns: ['id', 'part', 'v'] }]);
    const { writer, targets } = open;
    const target = only(targets);
    const row = (id: number, v: string) => upsert(target, { id, part: 1, v });
    const exchange = [row(1, 'b'), row(2, 'a')];
    const chain = [row(3, 'd'), row(4, 'e'), row(5, 'f'), row(6, 'g')];
    const outcomes = await writer.applyWindow(
      windowOver({ target, changes: [...exchange, ...chain] }),
      holding(1),
    );
    expect(kinds(outcomes)).toEqual([Array.from({ length: 6 }, () => 'updated')]);
    const { rows } = await db.query<{ all: string }>(`SELECT string_agg(v, '' ORDER BY id) AS all FROM t`);
    expect(rows[0]?.all).toBe('badefg');
    expect([...(await writer.attach(holding(1))).positions]).toEqual([['main', 'p1']]);
  });

  it('throws and writes nothing when a stranger holds the value', async () => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL UNIQUE); INSERT INTO t VALUES (1, 'a'), (9, 'z')`;
    await using open = await openTables(db, ddl, [{ target: 't', columns: ['id', 'v'] }]);
    const target = only(open.targets);
    const changes = [upsert(target, { id: 1, v: 'z' }), upsert(target, { id: 2, v: 'a' })];
    const refused = open.writer.applyWindow(windowOver({ target, changes }), holding(1));
    await expect(refused).rejects.toMatchObject({ code: 'unique-conflict' });
    expect((await db.query('SELECT v FROM t ORDER BY id')).rows).toEqual([{ v: 'a' }, { v: 'z' }]);
  });

  it('takes rows that refer to each other in any order', async () => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE t (id int PRIMARY KEY, boss int REFERENCES t)`;
    await using open = await openTables(db, ddl, [{ target: 't', columns: ['id', 'boss'] }]);
    const target = only(open.targets);
    const boss = (id: number, of: number | null) => upsert(target, { id, boss: of });
    const apply = (changes: readonly ReturnType<typeof boss>[]) =>
      open.writer.applyWindow(windowOver({ target, changes }), holding(1));
    expect(kinds(await apply([boss(1, 2), boss(2, 3), boss(3, 1)]))).toEqual([
      ['inserted', 'inserted', 'inserted'],
    ]);
    const moved = await apply([boss(1, null), leave(target, 3), boss(2, 4), boss(4, 1)]);
    expect(kinds(moved)).toEqual([['updated', 'left', 'updated', 'inserted']]);
    const { rows } = await db.query('SELECT id, boss FROM t ORDER BY id');
    expect(rows).toEqual([
      { id: 1, boss: null },
      { id: 2, boss: 4 },
      { id: 4, boss: 1 },
    ]);
  });
});

const family = `CREATE TABLE parent (id int PRIMARY KEY, code text UNIQUE);
  CREATE TABLE child (id int PRIMARY KEY, parent int NOT NULL REFERENCES parent, code text REFERENCES parent (code))`;
const plans = [
  { target: 'child', columns: ['id', 'parent', 'code'] },
  { target: 'parent', columns: ['id', 'code'] },
];

describe('parents and children in one window', () => {
  it('come and go together, whichever is named first', async () => {
    await using db = await createTestDatabase();
    await using open = await openTables(db, family, plans);
    const [child, parent] = open.targets as readonly [Target, Target];
    const born = windowOver(
      { target: child, changes: [upsert(child, { id: 1, parent: 7, code: 'x' })] },
      { target: parent, changes: [upsert(parent, { id: 7, code: 'x' })] },
    );
    expect(kinds(await open.writer.applyWindow(born, holding(1)))).toEqual([['inserted'], ['inserted']]);
    const moved = windowOver(
      {
        target: child,
        changes: [
          upsert(child, { id: 1, parent: 8, code: 'y' }),
          upsert(child, { id: 2, parent: 8, code: null }),
        ],
      },
      { target: parent, changes: [leave(parent, 7), upsert(parent, { id: 8, code: 'y' })] },
    );
    expect(kinds(await open.writer.applyWindow(moved, holding(1)))).toEqual([
      ['updated', 'inserted'],
      ['left', 'inserted'],
    ]);
    const gone = windowOver(
      { target: parent, changes: [leave(parent, 8)] },
      { target: child, changes: [leave(child, 1), leave(child, 2)] },
    );
    expect(kinds(await open.writer.applyWindow(gone, holding(1)))).toEqual([['left'], ['left', 'left']]);
  });

  it('pass a referenced unique value on from a parent that leaves', async () => {
    await using db = await createTestDatabase();
    await using open = await openTables(
      db,
      `${family}; INSERT INTO parent VALUES (7, 'x'); INSERT INTO child VALUES (1, 7, 'x')`,
      plans,
    );
    const [child, parent] = open.targets as readonly [Target, Target];
    const window = windowOver(
      { target: child, changes: [upsert(child, { id: 1, parent: 8, code: 'x' })] },
      { target: parent, changes: [leave(parent, 7), upsert(parent, { id: 8, code: 'x' })] },
    );
    // The reference by code holds the leaving parent's value until the child lets go of it.
    const outcomes = await open.writer.applyWindow(window, holding(1));
    expect(kinds(outcomes)).toEqual([['updated'], ['left', 'inserted']]);
    expect((await db.query('SELECT id FROM parent')).rows).toEqual([{ id: 8 }]);
  });

  it('are refused together: no child without its parent', async () => {
    await using db = await createTestDatabase();
    await using open = await openTables(db, `${family}; ALTER TABLE parent ADD CHECK (code <> 'bad')`, plans);
    const [child, parent] = open.targets as readonly [Target, Target];
    const window = windowOver(
      {
        target: child,
        changes: [
          upsert(child, { id: 1, parent: 7, code: null }),
          upsert(child, { id: 2, parent: 8, code: 'y' }),
          upsert(child, { id: 3, parent: 8, code: 'bad' }),
        ],
      },
      {
        target: parent,
        changes: [upsert(parent, { id: 7, code: 'bad' }), upsert(parent, { id: 8, code: 'y' })],
      },
    );
    await expect(open.writer.applyWindow(window, holding(1))).rejects.toMatchObject({ class: 'change' });
    const outcomes = await open.writer.tryWindow(window, holding(1));
    expect(kinds(outcomes)).toEqual([
      ['failed', 'inserted', 'failed'],
      ['failed', 'inserted'],
    ]);
    expect(outcomes[0]?.[0]).toMatchObject({ error: { class: 'deferred' } });
    expect(outcomes[1]?.[0]).toMatchObject({ error: { code: 'value-refused' } });
    expect((await db.query('SELECT FROM parent')).rowCount).toBe(0);
  });

  it('of tables that refer to each other both ways', async () => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
      ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b`;
    await using open = await openTables(db, ddl, [
      { target: 'a', columns: ['id', 'b'] },
      { target: 'b', columns: ['id', 'a'] },
    ]);
    const [a, b] = open.targets as readonly [Target, Target];
    const window = windowOver(
      { target: a, changes: [upsert(a, { id: 1, b: 2 })] },
      { target: b, changes: [upsert(b, { id: 2, a: 1 })] },
    );
    expect(kinds(await open.writer.applyWindow(window, holding(1)))).toEqual([['inserted'], ['inserted']]);
    expect((await db.query('SELECT b FROM a')).rows).toEqual([{ b: 2 }]);
    expect(kinds(await open.writer.tryWindow(window, holding(1)))).toEqual([['unchanged'], ['unchanged']]);
  });

  it('with references that are checked at the end, or never in time', async () => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL);
      CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a DEFERRABLE INITIALLY DEFERRED);
      ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE`;
    await using open = await openTables(db, ddl, [
      { target: 'a', columns: ['id', 'b'] },
      { target: 'b', columns: ['id', 'a'] },
    ]);
    const [a, b] = open.targets as readonly [Target, Target];
    const both = windowOver(
      { target: a, changes: [upsert(a, { id: 1, b: 2 })] },
      { target: b, changes: [upsert(b, { id: 2, a: 1 })] },
    );
    expect(kinds(await open.writer.applyWindow(both, holding(1)))).toEqual([['inserted'], ['inserted']]);
    const half = windowOver({ target: b, changes: [upsert(b, { id: 3, a: 9 })] });
    await expect(open.writer.applyWindow(half, holding(1))).rejects.toMatchObject({
      code: 'reference-missing',
    });
    expect((await db.query('SELECT id FROM b')).rows).toEqual([{ id: 2 }]);
  });
});
