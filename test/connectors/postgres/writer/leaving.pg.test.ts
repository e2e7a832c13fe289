import { describe, expect, it } from 'vitest';
import type { Leaving } from '../../../../src/protocol/mapping.ts';
import { chunks, holding, leave, never, upsert } from '../../../conformance/writer/writer-under-test.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { openTable } from './destination.ts';

const ddl = "CREATE TABLE t (id int PRIMARY KEY, v text, gone_at timestamptz, state text DEFAULT 'on')";
const mark: Leaving = {
  kind: 'mark',
  set: { gone_at: 'now()', state: "'off' -- as the application says" },
  marked: 'gone_at IS NOT NULL',
  clear: { gone_at: 'NULL', state: "'on'" },
};

describe('leaving', () => {
  it('marks rows, counts marked ones as absent, and clears them when they are back', async () => {
    await using db = await createTestDatabase();
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'v'], leaving: mark });
    const { target } = open;
    await target.append(chunks({ id: 1, v: 'a' }, { id: 2, v: 'b' }), holding(1));
    const left = await target.apply([leave(target, 1), leave(target, 9)], holding(1));
    expect(left.map(({ kind }) => kind)).toEqual(['left', 'unchanged']);
    expect((await target.apply([leave(target, 1)], holding(1)))[0]).toEqual({ kind: 'unchanged' });
    expect(await target.countRows({ signal: never })).toBe(1);
    expect((await target.present([target.keyOf({ id: 1 })], { signal: never })).size).toBe(0);
    expect(await target.judge([{ id: 1, v: 'a' }], { signal: never })).toEqual(['missing']);
    const forms = await Array.fromAsync(
      target.readStoredForms({ id: 'all', from: null, to: null, estimatedRows: 0 }, { signal: never }),
    );
    expect(forms.flat()).toHaveLength(1);
    const back = await target.apply(
      [upsert(target, { id: 1, v: 'a' }), upsert(target, { id: 2, v: 'c' })],
      holding(1),
    );
    expect(back.map(({ kind }) => kind)).toEqual(['updated', 'updated']);
    const { rows } = await db.query('SELECT id, v, gone_at, state FROM t ORDER BY id');
    expect(rows).toEqual([
      { id: 1, v: 'a', gone_at: null, state: 'on' },
      { id: 2, v: 'c', gone_at: null, state: 'on' },
    ]);
  });

  it('runs a statement of the configuration over the keys that leave', async () => {
    await using db = await createTestDatabase();
    const leaving: Leaving = {
      kind: 'custom',
      statement:
        "UPDATE public.t SET state = 'archived' FROM leaving WHERE leaving.id = t.id AND t.v <> 'keep'",
      absent: "state = 'archived'",
    };
    await using open = await openTable(db, ddl, { target: 't', columns: ['id', 'v'], leaving });
    const { target } = open;
    await target.append(chunks({ id: 1, v: 'a' }, { id: 2, v: 'keep' }, { id: 3, v: 'c' }), holding(1));
    const outcomes = await target.apply([leave(target, 1), leave(target, 2), leave(target, 4)], holding(1));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['left', 'failed', 'unchanged']);
    expect(await target.countRows({ signal: never })).toBe(2);
  });

  it('takes rows out in an order that references allow', async () => {
    await using db = await createTestDatabase();
    const references = `CREATE TABLE t (id int PRIMARY KEY, v text UNIQUE, parent int REFERENCES t);
      INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', 1)`;
    await using open = await openTable(db, references, { target: 't', columns: ['id', 'v', 'parent'] });
    const { target } = open;
    const changes = [
      leave(target, 1),
      upsert(target, { id: 2, v: 'b', parent: 3 }),
      upsert(target, { id: 3, v: 'c', parent: null }),
    ];
    const outcomes = await target.apply(changes, holding(1));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['left', 'updated', 'inserted']);
  });
});
