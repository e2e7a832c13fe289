import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Hints } from '../../../src/connectors/postgres/writer/window/hints.ts';
import { HintTrust } from '../../../src/protocol/hint-trust.ts';
import type { Target } from '../../../src/protocol/writer.ts';
import { holding, upsert } from '../../conformance/writer/writer-under-test.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { kinds, openTables, windowOver } from './support.ts';

const table = 'CREATE TABLE t (id int PRIMARY KEY, v text)';
const columns = ['id', 'v'];

const there = (target: Target, id: number, v: string) => ({ ...upsert(target, { id, v }), isThere: true });
const fresh = (target: Target, id: number, v: string) => ({ ...upsert(target, { id, v }), isNew: true });

async function opened(ddl: string, scope: 'all' | 'owned') {
  await using stack = new AsyncDisposableStack();
  const db = stack.use(await createTestDatabase());
  const open = stack.use(await openTables(db, ddl, [{ target: 't', columns, scope: { kind: scope } }]));
  const [target] = open.targets;
  if (target === undefined) throw new Error('no target was opened');
  const kept = stack.move();
  const write = async (...changes: readonly ReturnType<typeof upsert>[]) =>
    kinds(await open.writer.applyWindow(windowOver({ target, changes }), holding(1)))[0];
  const rows = async () => (await db.query('SELECT id, v FROM t ORDER BY id')).rows;
  return { db, target, write, rows, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

describe.each(['all', 'owned'] as const)('rows that a feed says are new, with scope %s', (scope) => {
  test('are inserted, and are ours afterwards', async () => {
    await using it = await opened(table, scope);
    expect(await it.write(fresh(it.target, 1, 'a'), fresh(it.target, 2, 'b'))).toEqual([
      'inserted',
      'inserted',
    ]);
    expect(await it.write(upsert(it.target, { id: 1, v: 'changed' }))).toEqual(['updated']);
    expect(await it.rows()).toEqual([
      { id: 1, v: 'changed' },
      { id: 2, v: 'b' },
    ]);
  });

  test('are updated where they are there already', async () => {
    await using it = await opened(table, scope);
    await it.write(upsert(it.target, { id: 1, v: 'copied' }), upsert(it.target, { id: 2, v: 'same' }));
    const window = [fresh(it.target, 1, 'told'), fresh(it.target, 2, 'same'), fresh(it.target, 3, 'new')];
    expect(await it.write(...window)).toEqual(['updated', 'unchanged', 'inserted']);
    expect(await it.write(fresh(it.target, 4, 'after'), fresh(it.target, 3, 'again'))).toEqual([
      'inserted',
      'updated',
    ]);
    expect(await it.rows()).toEqual([
      { id: 1, v: 'told' },
      { id: 2, v: 'same' },
      { id: 3, v: 'again' },
      { id: 4, v: 'after' },
    ]);
  });

  test('take a unique value that another row gives up in the same window', async () => {
    await using it = await opened('CREATE TABLE t (id int PRIMARY KEY, v text UNIQUE)', scope);
    await it.write(upsert(it.target, { id: 1, v: 'a' }), upsert(it.target, { id: 2, v: 'b' }));
    expect(await it.write(fresh(it.target, 3, 'a'), upsert(it.target, { id: 1, v: 'c' }))).toEqual([
      'inserted',
      'updated',
    ]);
  });
});

describe.each(['all', 'owned'] as const)('rows that a feed says are there, with scope %s', (scope) => {
  test('are updated', async () => {
    await using it = await opened(table, scope);
    await it.write(upsert(it.target, { id: 1, v: 'a' }), upsert(it.target, { id: 2, v: 'b' }));
    const window = [
      there(it.target, 1, 'told'),
      fresh(it.target, 3, 'new'),
      upsert(it.target, { id: 2, v: 'c' }),
    ];
    expect(await it.write(...window)).toEqual(['updated', 'inserted', 'updated']);
    expect(await it.rows()).toEqual([
      { id: 1, v: 'told' },
      { id: 2, v: 'c' },
      { id: 3, v: 'new' },
    ]);
  });

  test('are inserted where they are not, and stay where they are the same', async () => {
    await using it = await opened(table, scope);
    await it.write(upsert(it.target, { id: 1, v: 'a' }), upsert(it.target, { id: 2, v: 'b' }));
    const window = [there(it.target, 1, 'a'), there(it.target, 2, 'told'), there(it.target, 3, 'gone')];
    expect(await it.write(...window)).toEqual(['unchanged', 'updated', 'inserted']);
    expect(await it.write(there(it.target, 3, 'after'), fresh(it.target, 4, 'new'))).toEqual([
      'updated',
      'inserted',
    ]);
    expect((await it.rows()).map(({ v }) => v)).toEqual(['a', 'told', 'after', 'new']);
  });
});

test('thousands of rows that are there are updated in pieces', async () => {
  await using it = await opened(table, 'all');
  const ids = Array.from({ length: 2500 }, (_, id) => id);
  await it.write(...ids.map((id) => upsert(it.target, { id, v: 'before' })));
  const outcomes = await it.write(...ids.map((id) => there(it.target, id, `after ${id}`)));
  expect(new Set(outcomes)).toEqual(new Set(['updated']));
  expect((await it.rows()).every(({ id, v }) => v === `after ${id}`)).toBe(true);
});

test('a row of somebody else under a key that is said to be new stays as it is', async () => {
  await using it = await opened(`${table}; INSERT INTO t VALUES (7, 'theirs')`, 'owned');
  expect(await it.write(fresh(it.target, 7, 'ours'), fresh(it.target, 8, 'ours'))).toEqual([
    'clash',
    'inserted',
  ]);
  expect(await it.rows()).toEqual([
    { id: 7, v: 'theirs' },
    { id: 8, v: 'ours' },
  ]);
});

test('whatever the hints say, the rows are the same', { timeout: 60_000 }, async () => {
  await using it = await opened(table, 'all');
  const changes = fc.uniqueArray(
    fc.record({
      id: fc.nat(30),
      v: fc.constantFrom('x', 'y', 'z'),
      hint: fc.constantFrom({}, { isNew: true }, { isThere: true }),
    }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 20 },
  );
  const model = new Map<number, string>();
  await fc.assert(
    fc.asyncProperty(changes, async (window) => {
      await it.write(...window.map(({ id, v, hint }) => ({ ...upsert(it.target, { id, v }), ...hint })));
      for (const { id, v } of window) model.set(id, v);
      const expected = [...model].toSorted(([a], [b]) => a - b).map(([id, v]) => ({ id, v }));
      expect(await it.rows()).toEqual(expected);
    }),
    { numRuns: 150 },
  );
});

test('one kind of hint that misled leaves the other as it was', () => {
  const hints = new Hints();
  const both = { isNew: true, isThere: true };
  expect(hints.misled(both, 'value-refused')).toBe(false);
  expect(hints.misled({ isNew: true, isThere: false }, 'row-missing')).toBe(false);
  expect(hints.misled({ isNew: false, isThere: true }, 'unique-conflict')).toBe(true);
  expect(hints.misled(both, 'row-missing')).toBe(true);
  const changes = [
    { kind: 'upsert', key: '["1"]', row: {}, isNew: true },
    { kind: 'upsert', key: '["2"]', row: {}, isThere: true },
  ] as const;
  expect(hints.of([{ changes }])).toEqual({ isNew: true, isThere: false });
});

test('hints that misled are not followed for a hundred windows', () => {
  const trust = new HintTrust();
  trust.passed();
  expect(trust.isGiven).toBe(true);
  trust.misled();
  for (let window = 0; window < 100; window += 1) {
    expect(trust.isGiven).toBe(false);
    trust.passed();
  }
  expect(trust.isGiven).toBe(true);
});
