import { describe, expect, test } from 'vitest';
import type { KeyMove } from '../../../src/protocol/change.ts';
import type { Target, WindowWrite } from '../../../src/protocol/writer.ts';
import { holding, leave, upsert } from '../../conformance/writer/writer-under-test.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { kinds, openTables, windowOver } from './support.ts';

const move = (target: Target, from: number, to: number): KeyMove => ({
  from: target.keyOf({ id: from }),
  to: target.keyOf({ id: to }),
  displaces: false,
});

/** `rank` and `note` belong to the target alone. */
const customers = `CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL UNIQUE, note text);
  INSERT INTO customers SELECT i, 'mail ' || i, 'note ' || i FROM generate_series(1, 4) AS i`;
const customer = { target: 'customers', columns: ['id', 'email'] };
const orders = (reference: string): string =>
  `CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ${reference}, note text);
   INSERT INTO orders VALUES (10, 1, 'order of 1'), (20, 2, 'order of 2')`;

const all = async (db: TestDatabase, table: string): Promise<readonly string[]> =>
  (await db.query<{ t: string }>(`SELECT t::text AS t FROM ${table} t ORDER BY t`)).rows.map(({ t }) => t);

const only = ([target]: readonly Target[]): Target => {
  if (target === undefined) throw new Error('no target was opened');
  return target;
};

describe('rows that go on under another key', () => {
  test('keep what only the target knows, and are updated', async () => {
    await using db = await createTestDatabase();
    await using open = await openTables(db, customers, [customer]);
    const target = only(open.targets);
    const changes = [upsert(target, { id: 9, email: 'new 1' }), leave(target, 1)];
    const window = windowOver({ target, changes, moves: [move(target, 1, 9)] });
    expect(kinds(await open.writer.applyWindow(window, holding(1)))).toEqual([['updated', 'unchanged']]);
    expect(await all(db, 'customers')).toEqual([
      '(2,"mail 2","note 2")',
      '(3,"mail 3","note 3")',
      '(4,"mail 4","note 4")',
      '(9,"new 1","note 1")',
    ]);
  });

  test('along a chain, and in a circle', async () => {
    await using db = await createTestDatabase();
    await using open = await openTables(db, customers, [customer]);
    const target = only(open.targets);
    const row = (id: number, of: number) => upsert(target, { id, email: `mail ${of}` });
    const chain = windowOver({
      target,
      changes: [leave(target, 2), row(3, 2), row(4, 3), row(5, 4)],
      moves: [move(target, 2, 3), move(target, 3, 4), move(target, 4, 5)],
    });
    await open.writer.applyWindow(chain, holding(1));
    expect(await all(db, 'customers')).toEqual([
      '(1,"mail 1","note 1")',
      '(3,"mail 2","note 2")',
      '(4,"mail 3","note 3")',
      '(5,"mail 4","note 4")',
    ]);
    const circle = {
      target,
      changes: [row(1, 2), row(3, 1)],
      moves: [move(target, 1, 3), move(target, 3, 1)],
    };
    const outcomes = await open.writer.applyWindow({ ...windowOver(circle), ...at('p2') }, holding(1));
    expect(kinds(outcomes)).toEqual([['updated', 'updated']]);
    expect((await all(db, 'customers')).slice(0, 2)).toEqual([
      '(1,"mail 2","note 2")',
      '(3,"mail 1","note 1")',
    ]);
  });

  test.each([
    ['text', `'k' || i`],
    ['uuid', `lpad(i::text, 32, '0')::uuid`],
    ['varchar(4)', `'k' || i`],
    ['numeric(8,2)', 'i'],
    ['date', `'2026-01-01'::date + i`],
    ['smallint', 'i'],
  ])('in a circle, with keys of the type %s', async (type, value) => {
    await using db = await createTestDatabase();
    const ddl = `CREATE TABLE t (id ${type} PRIMARY KEY, v text, note text);
      INSERT INTO t SELECT ${value}, 'v' || i, 'note ' || i FROM generate_series(1, 3) AS i`;
    await using open = await openTables(db, ddl, [{ target: 't', columns: ['id', 'v'] }]);
    const target = only(open.targets);
    const { rows } = await db.query<{ id: string }>('SELECT id::text FROM t ORDER BY id');
    const [a = '', b = '', c = ''] = rows.map(({ id }) => id);
    const key = (id: string) => target.keyOf({ id });
    const moves = [
      [a, b],
      [b, c],
      [c, a],
    ].map(([from = '', to = '']) => ({ from: key(from), to: key(to), displaces: false }));
    const changes = [
      [b, 'v1'],
      [c, 'v2'],
      [a, 'v3'],
    ].map(([id = '', v = '']) => upsert(target, { id, v }));
    await open.writer.applyWindow(windowOver({ target, changes, moves }), holding(1));
    const now = await db.query('SELECT v, note FROM t ORDER BY id');
    expect(now.rows).toEqual([
      { v: 'v3', note: 'note 3' },
      { v: 'v1', note: 'note 1' },
      { v: 'v2', note: 'note 2' },
    ]);
  });

  test('take the place of a row that is gone', async () => {
    await using db = await createTestDatabase();
    await using open = await openTables(db, customers, [customer]);
    const target = only(open.targets);
    const changes = [upsert(target, { id: 2, email: 'mail 1' }), leave(target, 1)];
    const window = windowOver({ target, changes, moves: [{ ...move(target, 1, 2), displaces: true }] });
    expect(kinds(await open.writer.applyWindow(window, holding(1)))).toEqual([['updated', 'left']]);
    expect((await all(db, 'customers'))[0]).toBe('(2,"mail 1","note 1")');
  });

  test('are inserted where the target does not have them, and written in place where it has both', async () => {
    await using db = await createTestDatabase();
    await using open = await openTables(db, customers, [customer]);
    const target = only(open.targets);
    const changes = [
      upsert(target, { id: 9, email: 'mail 8' }),
      leave(target, 8),
      upsert(target, { id: 2, email: 'mail 1' }),
      leave(target, 1),
    ];
    const window = windowOver({ target, changes, moves: [move(target, 8, 9), move(target, 1, 2)] });
    expect(kinds(await open.writer.applyWindow(window, holding(1)))).toEqual([
      ['inserted', 'unchanged', 'updated', 'left'],
    ]);
    expect(await all(db, 'customers')).toEqual([
      '(2,"mail 1","note 2")',
      '(3,"mail 3","note 3")',
      '(4,"mail 4","note 4")',
      '(9,"mail 8",)',
    ]);
  });

  test('move once: a window that was written already changes nothing', async () => {
    await using db = await createTestDatabase();
    await using open = await openTables(db, customers, [customer]);
    const target = only(open.targets);
    const row = (id: number, of: number) => upsert(target, { id, email: `mail ${of}` });
    const window = windowOver({
      target,
      changes: [row(1, 2), row(2, 1), row(9, 3), leave(target, 3)],
      moves: [move(target, 1, 2), move(target, 2, 1), move(target, 3, 9)],
    });
    await open.writer.applyWindow(window, holding(1));
    const once = await all(db, 'customers');
    expect(once).toContain('(1,"mail 2","note 2")');
    await open.writer.applyWindow(window, holding(1));
    expect(await all(db, 'customers')).toEqual(once);
    // Without a position nobody knows whether it was: rows that are in each other's way stay, all others may move.
    const unsure = { ...window, position: null };
    await open.writer.applyWindow(unsure, holding(1));
    expect(await all(db, 'customers')).toEqual(once);
  });

  test('only rows of ours move, and stay ours', async () => {
    await using db = await createTestDatabase();
    await using open = await openTables(db, customers, [{ ...customer, scope: { kind: 'owned' } }]);
    const target = only(open.targets);
    const mine = [upsert(target, { id: 5, email: 'mail 5' }), upsert(target, { id: 6, email: 'mail 6' })];
    await open.writer.applyWindow(windowOver({ target, changes: mine }), holding(1));
    await db.query(`UPDATE customers SET note = 'note ' || id WHERE id > 4`);
    const changes = [
      upsert(target, { id: 7, email: 'mail 5' }),
      leave(target, 5),
      upsert(target, { id: 8, email: 'mail 8' }),
      leave(target, 1),
    ];
    const window = {
      ...windowOver({ target, changes, moves: [move(target, 5, 7), move(target, 1, 8)] }),
      ...at('p2'),
    };
    expect(kinds(await open.writer.applyWindow(window, holding(1)))).toEqual([
      ['updated', 'unchanged', 'inserted', 'clash'],
    ]);
    const gone = { ...windowOver({ target, changes: [leave(target, 7)] }), ...at('p3') };
    expect(kinds(await open.writer.applyWindow(gone, holding(1)))).toEqual([['left']]);
    expect(await all(db, 'customers')).toEqual([
      '(1,"mail 1","note 1")',
      '(2,"mail 2","note 2")',
      '(3,"mail 3","note 3")',
      '(4,"mail 4","note 4")',
      '(6,"mail 6","note 6")',
      '(8,"mail 8",)',
    ]);
  });
});

const at = (position: string): Pick<WindowWrite, 'position'> => ({
  position: { shard: 'main', lane: 0, at: position },
});

describe('rows that others refer to', () => {
  test.each([
    ['that follow by themselves', 'ON DELETE CASCADE ON UPDATE CASCADE'],
    ['that are checked at the end', 'ON DELETE CASCADE DEFERRABLE'],
    ['that must be moved first', 'ON DELETE CASCADE'],
    ['that must be moved first and go by no cascade', ''],
    ['that restrict', 'ON UPDATE RESTRICT ON DELETE RESTRICT'],
  ])('take along rows %s', async (_, reference) => {
    await using db = await createTestDatabase();
    await using open = await openTables(db, `${customers}; ${orders(reference)}`, [
      customer,
      { target: 'orders', columns: ['id', 'customer_id'] },
    ]);
    const [parents, children] = open.targets as readonly [Target, Target];
    const window = windowOver(
      {
        target: parents,
        changes: [upsert(parents, { id: 9, email: 'mail 1' }), leave(parents, 1)],
        moves: [move(parents, 1, 9)],
      },
      { target: children, changes: [upsert(children, { id: 10, customer_id: 9 })] },
    );
    await open.writer.applyWindow(window, holding(1));
    expect((await all(db, 'customers')).at(-1)).toBe('(9,"mail 1","note 1")');
    expect(await all(db, 'orders')).toEqual(['(10,9,"order of 1")', '(20,2,"order of 2")']);
  });

  test.each(['ON UPDATE CASCADE ON DELETE CASCADE', 'ON DELETE CASCADE', 'DEFERRABLE'])(
    'whose keys hold the key of what they refer to: %s',
    async (reference) => {
      await using db = await createTestDatabase();
      const lines = `CREATE TABLE lines (customer_id int REFERENCES customers ${reference}, id int, note text,
      PRIMARY KEY (customer_id, id)); INSERT INTO lines VALUES (1, 1, 'line 1'), (1, 2, 'line 2'), (2, 1, 'other')`;
      await using open = await openTables(db, `${customers}; ${lines}`, [
        customer,
        { target: 'lines', columns: ['customer_id', 'id'], key: ['customer_id', 'id'] },
      ]);
      const [parents, children] = open.targets as readonly [Target, Target];
      const key = (customer_id: number, id: number) => children.keyOf({ customer_id, id });
      const window = windowOver(
        {
          target: children,
          changes: [1, 2].flatMap((id) => [
            upsert(children, { customer_id: 9, id }),
            { kind: 'leave' as const, key: key(1, id) },
          ]),
          moves: [1, 2].map((id) => ({ from: key(1, id), to: key(9, id), displaces: false })),
        },
        {
          target: parents,
          changes: [upsert(parents, { id: 9, email: 'mail 1' }), leave(parents, 1)],
          moves: [move(parents, 1, 9)],
        },
      );
      await open.writer.applyWindow(window, holding(1));
      expect((await all(db, 'customers')).at(-1)).toBe('(9,"mail 1","note 1")');
      expect(await all(db, 'lines')).toEqual(['(2,1,other)', '(9,1,"line 1")', '(9,2,"line 2")']);
    },
  );

  test.each(['CASCADE', 'SET NULL', 'NO ACTION'])(
    'that are nobody’s of ours are never lost: refused with ON DELETE %s',
    async (onDelete) => {
      await using db = await createTestDatabase();
      const notes = `CREATE TABLE notes (id int PRIMARY KEY, customer_id int REFERENCES customers ON DELETE ${onDelete});
        INSERT INTO notes VALUES (1, 1)`;
      await using open = await openTables(db, `${customers}; ${notes}`, [customer]);
      const target = only(open.targets);
      const changes = [
        upsert(target, { id: 9, email: 'mail 1' }),
        leave(target, 1),
        upsert(target, { id: 2, email: 'else' }),
      ];
      const window = windowOver({ target, changes, moves: [move(target, 1, 9)] });
      await expect(open.writer.applyWindow(window, holding(1))).rejects.toMatchObject({ class: 'deferred' });
      const [outcomes = []] = await open.writer.tryWindow(window, holding(1));
      expect(outcomes.map((each) => (each.kind === 'failed' ? each.error.code : each.kind))).toEqual([
        'key-change-refused',
        'key-change-refused',
        'updated',
      ]);
      const spared = windowOver({
        target,
        changes: [leave(target, 1)],
        spared: new Set([target.keyOf({ id: 1 })]),
      });
      await expect(open.writer.applyWindow(spared, holding(1))).rejects.toMatchObject({ class: 'deferred' });
      expect((await db.query('SELECT customer_id FROM notes')).rows).toEqual([{ customer_id: 1 }]);
      await db.query('DELETE FROM notes');
      expect(kinds(await open.writer.applyWindow(spared, holding(1)))).toEqual([['left']]);
    },
  );

  test('beside a row that is refused', async () => {
    await using db = await createTestDatabase();
    const ddl = `${customers}; ${orders('ON DELETE CASCADE')}; ALTER TABLE customers ADD CHECK (email <> 'bad')`;
    await using open = await openTables(db, ddl, [
      customer,
      { target: 'orders', columns: ['id', 'customer_id'] },
    ]);
    const [parents, children] = open.targets as readonly [Target, Target];
    const window = windowOver(
      {
        target: parents,
        changes: [
          upsert(parents, { id: 9, email: 'mail 1' }),
          leave(parents, 1),
          upsert(parents, { id: 3, email: 'bad' }),
        ],
        moves: [move(parents, 1, 9)],
      },
      { target: children, changes: [upsert(children, { id: 10, customer_id: 9 })] },
    );
    await expect(open.writer.applyWindow(window, holding(1))).rejects.toMatchObject({ class: 'deferred' });
    const [first = [], second = []] = await open.writer.tryWindow(window, holding(1));
    expect(first.map(({ kind }) => kind === 'failed')).toEqual([false, false, true]);
    expect(second.map(({ kind }) => kind)).toEqual(['updated']);
  });
});
