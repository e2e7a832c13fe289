import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/protocol/change.ts';
import type { Target } from '../../../src/protocol/writer.ts';
import { holding, leave, upsert } from '../../conformance/writer/writer-under-test.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { countKinds, openTables, windowOver } from './support.ts';

const count = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);
const wide = 'CREATE TABLE t (id int PRIMARY KEY, code text UNIQUE, n numeric(10,2) CHECK (n >= 0))';
const columns = ['id', 'code', 'n'];
const scopes = ['all', 'owned', 'predicate'] as const;

function scopeOf(kind: (typeof scopes)[number]) {
  switch (kind) {
    case 'predicate':
      return { kind: 'where', predicate: 'id >= 0' } as const;
    case 'all':
    case 'owned':
      return { kind } as const;
  }
}

describe.each(scopes)('windows of any size, scope %s', (kind) => {
  it.each([1, 1000, 30_000])('%i changes: outcomes and rows are the truth', async (size) => {
    await using db = await createTestDatabase();
    const plan = { target: 't', columns, scope: scopeOf(kind) };
    await using open = await openTables(db, wide, [plan]);
    const { writer, targets } = open;
    const [target] = targets as readonly [Target];
    const row = (id: number, n: number) => upsert(target, { id, code: `code ${id}`, n: `${n}.5` });
    const apply = async (changes: readonly Change[]) => {
      const [outcomes = []] = await writer.applyWindow(windowOver({ target, changes }), holding(1));
      return countKinds(outcomes);
    };
    expect(await apply(count(size).map((id) => row(id, 1)))).toEqual({ inserted: size });
    expect(await apply(count(size).map((id) => row(id, 1)))).toEqual({ unchanged: size });
    // A third each: updated, unchanged, left; and as many new ones as there were.
    const mixed = count(size * 2).map((id) => {
      if (id >= size || id % 3 === 1) return row(id, 2);
      return id % 3 === 0 ? leave(target, id) : row(id, 1);
    });
    const left = Math.ceil(size / 3);
    const updated = Math.ceil((size - 1) / 3);
    const expected = { inserted: size, left, updated, unchanged: size - left - updated };
    const nonZero = Object.fromEntries(Object.entries(expected).filter(([, each]) => each > 0));
    expect(await apply(mixed)).toEqual(nonZero);
    const { rows } = await db.query<{ rows: number; twos: number }>(
      'SELECT count(*)::int4 AS rows, count(*) FILTER (WHERE n = 2.5)::int4 AS twos FROM t',
    );
    expect(rows).toEqual([{ rows: size * 2 - left, twos: size + updated }]);
  });
});

describe('poison in a large window', () => {
  it('is found among the others, each key with its own reason, in seconds', {
    timeout: 120_000,
  }, async () => {
    await using db = await createTestDatabase();
    const ddl = `${wide}; CREATE TABLE c (id int PRIMARY KEY, t int NOT NULL REFERENCES t);
      INSERT INTO t VALUES (-1, 'taken', 1)`;
    await using open = await openTables(db, ddl, [
      { target: 't', columns },
      { target: 'c', columns: ['id', 't'] },
    ]);
    const { writer, targets } = open;
    const [target, child] = targets as readonly [Target, Target];
    const isPoison = (id: number) => id % 10 === 3;
    const poison = (id: number) => {
      if (id % 40 === 3) return upsert(target, { id, code: `code ${id}`, n: '-1' });
      if (id % 40 === 13) return upsert(target, { id, code: `code ${id}`, n: '123456789.00' });
      if (id % 40 === 23) return upsert(target, { id, code: 'taken', n: '1' });
      return upsert(target, { id, code: `code ${id}`, n: { no: 'number' } });
    };
    const changes = count(20_000).map((id) =>
      isPoison(id) ? poison(id) : upsert(target, { id, code: `code ${id}`, n: '1' }),
    );
    const children = count(2000).map((id) => upsert(child, { id, t: id }));
    const window = windowOver({ target: child, changes: children }, { target, changes });
    await expect(writer.applyWindow(window, holding(1))).rejects.toBeDefined();
    const startedAt = performance.now();
    const [ofChild = [], ofParent = []] = await writer.tryWindow(window, holding(1));
    expect(performance.now() - startedAt).toBeLessThan(60_000);
    const failed = (outcomes: typeof ofParent) =>
      outcomes.flatMap(({ kind }, id) => (kind === 'failed' ? [id] : []));
    expect(failed(ofParent)).toEqual(count(20_000).filter(isPoison));
    expect(failed(ofChild)).toEqual(count(2000).filter(isPoison));
    expect(ofParent[3]).toMatchObject({ error: { code: 'value-refused' } });
    expect(ofParent[13]).toMatchObject({ error: { code: 'value-refused' } });
    expect(ofParent[23]).toMatchObject({ error: { code: 'unique-conflict' } });
    expect(ofParent[33]).toMatchObject({ error: { code: 'value-not-encodable' } });
    expect(ofChild[3]).toMatchObject({ error: { code: 'reference-missing' } });
    expect((await db.query('SELECT FROM t')).rowCount).toBe(1);
    // The rest goes through without them.
    const rest = windowOver(
      { target: child, changes: children.filter((_, id) => !isPoison(id)) },
      { target, changes: changes.filter((_, id) => !isPoison(id)) },
    );
    const [a = [], b = []] = await writer.applyWindow(rest, holding(1));
    expect([countKinds(a), countKinds(b)]).toEqual([{ inserted: 1800 }, { inserted: 18_000 }]);
  });
});
