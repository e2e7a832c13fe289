import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MergedChanges } from '../../../src/engine/stream/merged-changes.ts';
import type { FeedChange } from '../../../src/protocol/change.ts';
import type { Row } from '../../../src/protocol/value.ts';
import { deleted, inserted, touched, updated } from './feed-changes.ts';

const merge = (...changes: readonly FeedChange[]): MergedChanges => {
  const merged = new MergedChanges();
  for (const change of changes) merged.add(change);
  return merged;
};

describe('changes of one key', () => {
  test('later columns win, and what a change does not name keeps its value', () => {
    const merged = merge(inserted('1', { a: 1, b: 1 }), updated('1', { b: 2 }), updated('1', { b: 3 }));
    expect(merged.get('1')).toEqual({ kind: 'insert', row: { a: 1, b: 3 }, complete: true });
  });

  test('null is a value, absence is not', () => {
    const merged = merge(inserted('1', { a: 1, b: 1 }), updated('1', { a: null }));
    expect(merged.get('1')).toEqual({ kind: 'insert', row: { a: null, b: 1 }, complete: true });
  });

  test('updates alone are not a whole row', () => {
    expect(merge(updated('1', { a: 1 }), updated('1', { b: 1 })).get('1')).toEqual({
      kind: 'update',
      row: { a: 1, b: 1 },
      complete: false,
    });
  });

  test('a row that is told whole takes the place of everything before it', () => {
    const last = updated('1', { a: 2, b: 2 });
    expect(merge(updated('1', { a: 1 }), last).get('1')).toBe(last);
    const grown = merge(inserted('1', { a: 1, b: 1 }), last).get('1');
    expect(grown).toMatchObject({ kind: 'insert', row: { a: 2, b: 2 }, complete: true });
    expect(grown).not.toHaveProperty('again');
    expect(merge(touched('1'), last).get('1')).toEqual({ kind: 'touch' });
    expect(merge(deleted('1'), last).get('1')).toEqual({ kind: 'touch', gone: true });
  });

  test('a delete ends everything before it, an insert begins anew', () => {
    expect(merge(inserted('1', { a: 1 }), deleted('1')).get('1')).toEqual({ kind: 'delete' });
    expect(merge(deleted('1'), inserted('1', { b: 2 })).get('1')).toMatchObject({
      kind: 'insert',
      row: { b: 2 },
      again: true,
    });
    expect(merge(deleted('1'), inserted('1', { b: 2 }), updated('1', { b: 3 })).get('1')).toMatchObject({
      row: { b: 3 },
      again: true,
    });
    expect(merge(inserted('1', { b: 2 })).get('1')).not.toHaveProperty('again');
  });

  test('an update of what is gone must be read', () => {
    expect(merge(deleted('1'), updated('1', { a: 1 })).get('1')).toEqual({ kind: 'touch', gone: true });
  });

  test.each([
    ['before', [touched('1'), inserted('1', { a: 1 })]],
    ['between', [inserted('1', { a: 1 }), touched('1'), updated('1', { a: 2 })]],
    ['after', [inserted('1', { a: 1 }), touched('1')]],
  ])('a touch stays one: %s', (_name, changes) => {
    expect(merge(...changes).get('1')).toEqual({ kind: 'touch' });
  });

  test('a touch remembers that a row was deleted, whatever comes then', () => {
    const gone = { kind: 'touch', gone: true };
    expect(merge(touched('1'), deleted('1')).get('1')).toEqual(gone);
    expect(merge(deleted('1'), touched('1')).get('1')).toEqual(gone);
    expect(merge(touched('1'), deleted('1'), inserted('1', { a: 1 }), touched('1')).get('1')).toEqual(gone);
  });

  test('a row that gets another key takes what is known of it along', () => {
    const merged = merge(inserted('1', { id: 1, a: 'x' }), updated('2', { id: 2 }, '1'));
    expect(merged.get('1')).toEqual({ kind: 'delete' });
    expect(merged.get('2')).toMatchObject({ kind: 'insert', row: { id: 2, a: 'x' } });
  });

  test('keys that change places end with each other’s rows', () => {
    const merged = merge(
      updated('tmp', { id: 0, a: 'one' }, '1'),
      updated('1', { id: 1, a: 'two' }, '2'),
      updated('2', { id: 2, a: 'one' }, 'tmp'),
    );
    expect(merged.get('tmp')).toEqual({ kind: 'delete' });
    expect(merged.get('1')).toMatchObject({ kind: 'insert', row: { id: 1, a: 'two' } });
    expect(merged.get('2')).toMatchObject({ kind: 'insert', row: { id: 2, a: 'one' } });
  });
});

/** A table, and what a feed would tell of the statements that are run on it. */
type Statement =
  | { readonly kind: 'put'; readonly key: number; readonly a: number }
  | { readonly kind: 'set'; readonly key: number; readonly a: number; readonly all: boolean }
  | { readonly kind: 'remove'; readonly key: number }
  | { readonly kind: 'rename'; readonly key: number; readonly to: number };

const keys = fc.integer({ min: 0, max: 4 });
const statements: fc.Arbitrary<readonly Statement[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('put' as const), key: keys, a: fc.nat(9) }),
    fc.record({ kind: fc.constant('set' as const), key: keys, a: fc.nat(9), all: fc.boolean() }),
    fc.record({ kind: fc.constant('remove' as const), key: keys }),
    fc.record({ kind: fc.constant('rename' as const), key: keys, to: keys }),
  ),
  { maxLength: 30 },
);

/** Runs a statement on the table; null: it did nothing. */
function run(table: Map<string, Row>, statement: Statement): FeedChange | null {
  const key = String(statement.key);
  const row = table.get(key);
  switch (statement.kind) {
    case 'put': {
      if (row !== undefined) return null;
      const made = { id: statement.key, a: statement.a, b: `large ${statement.a}` };
      table.set(key, made);
      return inserted(key, made);
    }
    case 'set':
      if (row === undefined) return null;
      if (statement.all) {
        const whole = { id: statement.key, a: statement.a, b: `other ${statement.a}` };
        table.set(key, whole);
        return updated(key, whole);
      }
      table.set(key, { ...row, a: statement.a });
      // The large column did not change: it is not told.
      return updated(key, { id: statement.key, a: statement.a });
    case 'remove':
      return table.delete(key) ? deleted(key) : null;
    case 'rename': {
      const to = String(statement.to);
      if (row === undefined || table.has(to)) return null;
      const told: Row = { id: statement.to, a: row['a'] ?? null };
      table.delete(key);
      table.set(to, { ...row, id: statement.to });
      return updated(to, told, key);
    }
  }
}

test('whatever happened, and however it is cut, applying what is left gives the same table', () => {
  fc.assert(
    fc.property(statements, statements, fc.nat(30), (before, during, cut) => {
      const source = new Map<string, Row>();
      for (const statement of before) run(source, statement);
      const target = new Map(source);
      const changes = during.flatMap((statement) => run(source, statement) ?? []);
      const merged = merge(...changes.slice(0, cut));
      merged.addAll(merge(...changes.slice(cut)));
      for (const [key, change] of merged.entries()) {
        const now = source.get(key);
        if ('row' in change) expect(change.complete).toBe(change.row['b'] !== undefined);
        if (change.kind === 'delete') target.delete(key);
        else if (
          change.kind === 'touch' ||
          (!change.complete && (change.kind === 'insert' || !target.has(key)))
        ) {
          if (now === undefined) target.delete(key);
          else target.set(key, now);
        } else target.set(key, { ...target.get(key), ...change.row });
      }
      expect(new Map([...target].toSorted())).toEqual(new Map([...source].toSorted()));
    }),
  );
});
