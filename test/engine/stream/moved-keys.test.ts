import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MergedChanges } from '../../../src/engine/stream/merged-changes.ts';
import type { FeedChange, KeyMove } from '../../../src/protocol/change.ts';
import { deleted, inserted, meta, touched, updated } from './feed-changes.ts';

const merge = (...changes: readonly FeedChange[]): MergedChanges => {
  const merged = new MergedChanges();
  for (const change of changes) merged.add(change);
  return merged;
};
const movesOf = (...changes: readonly FeedChange[]): readonly string[] => told(merge(...changes));
const told = (merged: MergedChanges): readonly string[] =>
  (merged.moved?.moves ?? [])
    .map(({ from, to, displaces }) => `${from} → ${to}${displaces ? ' displacing' : ''}`)
    .toSorted();
const row = { a: 1, b: 1 };
const moved = (from: string, to: string): FeedChange => updated(to, row, from);

describe('rows whose keys change', () => {
  test('are told from the key that they had first to the one that they have last', () => {
    expect(movesOf(moved('a', 'b'))).toEqual(['a → b']);
    expect(movesOf(moved('a', 'b'), moved('b', 'c'))).toEqual(['a → c']);
    expect(movesOf(moved('a', 'b'), moved('b', 'a'))).toEqual([]);
    const later = merge(moved('b', 'c'), moved('c', 'b'));
    const merged = merge(moved('a', 'b'));
    merged.addAll(later);
    expect(told(merged)).toEqual(['a → b']);
    expect(movesOf(updated('a', row), inserted('x', row), deleted('y'))).toEqual([]);
    expect(merge(updated('a', row)).moved).toBeNull();
  });

  test('change places by way of a third key', () => {
    expect(movesOf(moved('a', 'tmp'), moved('b', 'a'), moved('tmp', 'b'))).toEqual(['a → b', 'b → a']);
  });

  test('leave their key to a new row, which has no former one', () => {
    expect(movesOf(moved('a', 'b'), inserted('a', row))).toEqual(['a → b']);
    expect(movesOf(moved('a', 'b'), inserted('a', row), moved('a', 'c'))).toEqual(['a → b']);
  });

  test('displace a row that was deleted, and only that', () => {
    expect(movesOf(deleted('b'), moved('a', 'b'))).toEqual(['a → b displacing']);
    expect(movesOf(moved('b', 'c'), deleted('c'), moved('a', 'b'))).toEqual(['a → b displacing']);
    expect(movesOf(moved('b', 'c'), moved('a', 'b'))).toEqual(['a → b', 'b → c']);
    expect(movesOf(touched('b'), deleted('b'), moved('a', 'b'))).toEqual(['a → b displacing']);
    expect(movesOf(touched('b'), moved('a', 'b'))).toEqual(['a → b']);
  });

  test('are no more once they are deleted', () => {
    expect(movesOf(moved('a', 'b'), deleted('b'))).toEqual([]);
    expect(movesOf(moved('a', 'b'), deleted('b'), inserted('b', row))).toEqual([]);
  });

  test('may be told by their keys alone', () => {
    const merged = merge({ kind: 'touch', collection: 'users', key: 'b', previousKey: 'a', meta });
    expect(told(merged)).toEqual(['a → b']);
    expect([merged.get('a'), merged.get('b')]).toEqual([{ kind: 'touch', gone: true }, { kind: 'touch' }]);
  });
});

/** Who has which key: a row is the same one whatever its key is. */
type Table = Map<string, number>;

type Statement =
  | { readonly kind: 'put' | 'remove' | 'set'; readonly key: string }
  | { readonly kind: 'rename'; readonly key: string; readonly to: string };

const keys = fc.constantFrom('a', 'b', 'c', 'd');
const statements: fc.Arbitrary<readonly Statement[]> = fc.array(
  fc.oneof(
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('put' as const, 'remove', 'set'), key: keys }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('rename' as const), key: keys, to: keys }) },
  ),
  { maxLength: 16 },
);

class Source {
  readonly table: Table = new Map();
  #newest = 0;

  /** Null: it did nothing. */
  run(statement: Statement): FeedChange | null {
    const { key } = statement;
    const present = this.table.get(key);
    switch (statement.kind) {
      case 'put':
        if (present !== undefined) return null;
        this.#newest += 1;
        this.table.set(key, this.#newest);
        return inserted(key, row);
      case 'remove':
        return this.table.delete(key) ? deleted(key) : null;
      case 'set':
        return present === undefined ? null : updated(key, row);
      case 'rename':
        if (present === undefined || this.table.has(statement.to)) return null;
        this.table.delete(key);
        this.table.set(statement.to, present);
        return moved(key, statement.to);
    }
  }
}

/** What the moves make of a table: each row is taken from where it was at first. */
function carry(table: Table, moves: readonly KeyMove[]): Table {
  const carried = new Map(table);
  for (const { from } of moves) carried.delete(from);
  for (const { to, displaces } of moves) {
    // A key that a row takes is free, or becomes free, or it is said that its row is gone.
    expect(carried.has(to) && !displaces, `${to} is free`).toBe(false);
    carried.delete(to);
  }
  for (const { from, to } of moves) {
    const row = table.get(from);
    if (row !== undefined) carried.set(to, row);
  }
  return carried;
}

test('however it is cut, each row that has another key is found by the one that it had', () => {
  fc.assert(
    fc.property(statements, statements, fc.nat(16), (before, during, cut) => {
      const source = new Source();
      for (const statement of before) source.run(statement);
      const target = new Map(source.table);
      const changes = during.flatMap((statement) => source.run(statement) ?? []);
      const merged = merge(...changes.slice(0, cut));
      merged.addAll(merge(...changes.slice(cut)));
      const moves = merged.moved?.moves ?? [];
      const known = new Set(target.values());
      const carried = carry(target, moves);
      // Every row that was there and still is has its new key; what else is there then is written or leaves by the changes.
      for (const [key, row] of source.table) if (known.has(row)) expect(carried.get(key)).toBe(row);
      expect(new Set(moves.map(({ from }) => from)).size).toBe(moves.length);
      for (const { from, to } of moves) {
        expect(merged.get(from)).toBeDefined();
        expect(merged.get(to)?.kind).not.toBe('delete');
      }
    }),
    { numRuns: 10_000 },
  );
});
