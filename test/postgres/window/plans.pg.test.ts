import { expect, test } from 'vitest';
import { PostgresTarget } from '../../../src/connectors/postgres/writer/target.ts';
import { targetSql } from '../../../src/connectors/postgres/writer/window/target-sql.ts';
import { windowSettings } from '../../../src/connectors/postgres/writer/window/window-state.sql.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { openTables } from './support.ts';

const numbers = Array.from({ length: 500 }, (_, index) => index);

const ddl = `CREATE TABLE t (id int PRIMARY KEY, v text);
  CREATE TABLE u (id int PRIMARY KEY, v text); INSERT INTO u SELECT i, 'theirs' FROM generate_series(-50000, -1) i`;

test.each(['t', 'u'])(
  'statements of windows go by the index, planned once and for all while %s is as it was found',
  async (name) => {
    await using db = await createTestDatabase();
    const scope = { kind: name === 't' ? 'all' : 'owned' } as const;
    await using open = await openTables(db, ddl, [{ target: name, columns: ['id', 'v'], scope }]);
    const [target] = open.targets;
    if (!(target instanceof PostgresTarget)) throw new Error('no target was opened');
    const { upsert, upsertExactly, update, updateThere, insert, leave, disown, clashes, present } = targetSql(
      target.model,
    );
    const session = await db.connect();
    await session.query(`${windowSettings}; SET search_path = pg_catalog`);
    const plan = async (sql: string, values: readonly unknown[]) => {
      const { rows } = await session.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, [...values]);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    for (const sql of [upsert, upsertExactly, update ?? '', updateThere ?? '', insert]) {
      const text = await plan(sql, [numbers, numbers, numbers.map(String)]);
      expect(text).not.toMatch(/Seq Scan|hashed|Hash Join|Merge Join/);
    }
    for (const sql of [leave, disown, clashes, present]) {
      if (sql === null) continue;
      expect(await plan(sql, [numbers, numbers.map(String)])).not.toMatch(
        /Seq Scan|hashed|Hash Join|Merge Join/,
      );
    }
  },
);
