import { describe, expect, test } from 'vitest';
import type { TestDatabase } from '../support/postgres.ts';
import { cursor, type IncrementalPair, items, openIncremental, touching } from './pair.ts';

const columns = ['time', 'number'] as const;
type Column = (typeof columns)[number];

const numbered = `
  CREATE TABLE items (id int PRIMARY KEY, v text, version bigserial NOT NULL);
  CREATE INDEX ON items (version);
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.version = nextval('public.items_version_seq'); RETURN NEW; END $$;
  CREATE TRIGGER touch BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch()`;

const tables = {
  time: { sql: `${items}; ${touching}`, cursor },
  number: { sql: numbered, cursor: { column: 'version' } },
} as const;

const tenRows = `INSERT INTO items SELECT n, 'v' || n FROM generate_series(1, 10) AS n`;

interface Seeing {
  readonly column: Column;
  /** The engine's role may see since when others' transactions are open. */
  readonly sees: boolean;
}

/** The source is read by a role that may read the table, and see others' transactions or not. */
async function openFor({ column, sees }: Seeing): Promise<IncrementalPair> {
  const table = tables[column];
  const pair = await openIncremental({
    sql: `${table.sql}; ${tenRows}`,
    collections: { items: { cursor: table.cursor } },
  });
  const role = await pair.source.createRole();
  await pair.source.query(
    `GRANT SELECT ON items TO ${role}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
  );
  if (sees) await pair.source.query(`GRANT pg_read_all_stats TO ${role}`);
  const lockstep = await pair.engine(
    { mode: 'incremental', comparison: 'off', collections: { items: { cursor: table.cursor } } },
    { source: { connector: 'postgres', url: pair.source.urlFor({ user: role }) } },
  );
  return { ...pair, lockstep };
}

/** Values of later transactions, so that an overlap of a second does not hide what the cursor has passed. */
async function time(source: TestDatabase): Promise<void> {
  await source.query('SELECT pg_sleep(1.5)');
}

const targetHas = async ({ target }: IncrementalPair, v: string): Promise<number> =>
  (await target.query('SELECT FROM items WHERE v = $1', [v])).rowCount ?? 0;

describe.concurrent.each(columns)('by a column of %ss', { timeout: 60_000 }, (column) => {
  describe.each([true, false])('seeing others’ transactions: %s', (sees) => {
    test('a transaction that took its value first and commits last is not passed over', async () => {
      await using pair = await openFor({ column, sees });
      const late = await pair.source.connect();
      await late.query(`BEGIN; UPDATE items SET v = 'late' WHERE id = 1`);
      for (const turn of [1, 2, 3]) {
        await time(pair.source);
        await pair.source.query(`UPDATE items SET v = 'turn ${turn}' WHERE id = 2`);
        await pair.lockstep.run('it');
        expect(await targetHas(pair, `turn ${turn}`)).toBe(1);
      }
      const [status] = await pair.lockstep.status('it');
      expect(status?.incremental?.cursors[0]?.waitsFor).toContain('transaction of process');
      await late.query('COMMIT');
      await pair.lockstep.run('it');
      expect(await targetHas(pair, 'late')).toBe(1);
      await pair.expectSame('items');
    });

    test('one that has taken its time but written nothing yet is waited for as well', async () => {
      await using pair = await openFor({ column, sees });
      const idle = await pair.source.connect();
      await idle.query('BEGIN; SELECT now()');
      for (const turn of [1, 2]) {
        await time(pair.source);
        await pair.source.query(`UPDATE items SET v = 'turn ${turn}' WHERE id = 2`);
        await pair.lockstep.run('it');
      }
      await idle.query(`UPDATE items SET v = 'late' WHERE id = 1; COMMIT`);
      await pair.lockstep.run('it');
      expect(await targetHas(pair, 'late')).toBe(1);
      await pair.expectSame('items');
    });

    test('a prepared transaction that somebody forgot holds the cursor until it ends', async () => {
      await using pair = await openFor({ column, sees });
      const gid = `forgotten ${pair.source.name}`;
      const owner = await pair.source.connect();
      await owner.query('BEGIN; SELECT now()');
      await owner.query(`UPDATE items SET v = 'late' WHERE id = 1`);
      await pair.lockstep.run('it');
      await owner.query(`PREPARE TRANSACTION '${gid}'`);
      for (const turn of [1, 2, 3]) {
        await time(pair.source);
        await pair.source.query(`UPDATE items SET v = 'turn ${turn}' WHERE id = 2`);
        await pair.lockstep.run('it');
      }
      const [status] = await pair.lockstep.status('it');
      expect(status?.incremental?.cursors[0]?.waitsFor).toContain(gid);
      await pair.source.query(`COMMIT PREPARED '${gid}'`);
      await pair.lockstep.run('it');
      expect(await targetHas(pair, 'late')).toBe(1);
      await pair.expectSame('items');
      await pair.lockstep.run('it');
      expect((await pair.lockstep.status('it'))[0]?.incremental?.cursors[0]?.waitsFor).toBeNull();
    });
  });

  test('what was open before the first copy is found too', async () => {
    const table = tables[column];
    const collections = { items: { cursor: table.cursor } };
    await using pair = await openIncremental({ sql: `${table.sql}; ${tenRows}`, collections });
    const late = await pair.source.connect();
    await late.query(`BEGIN; UPDATE items SET v = 'late' WHERE id = 1`);
    await pair.lockstep.run('it', { compare: true });
    await time(pair.source);
    await pair.lockstep.run('it');
    await late.query('COMMIT');
    await pair.lockstep.run('it');
    expect(await targetHas(pair, 'late')).toBe(1);
  });
});
