import { expect, test } from 'vitest';
import type { EventMap, Lockstep } from '../../src/index.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { openPair } from './pair.ts';

const rows = 3_000;
const columns = `id int, region text COLLATE "C", code text, note text, n int NOT NULL, place point, at timestamptz`;
const fill = `INSERT INTO things SELECT i, 'r' || i % 7, 'code ' || i, nullif('note ' || i % 50, 'note 0'), i % 100, point(i, i), now()
  FROM generate_series(1, ${rows}) AS i; ANALYZE things`;

/** Of each kind of key and index something, with all that may hang on it. */
const kinds = (tablespace: string): string => `
  CREATE TABLE things (${columns},
    CONSTRAINT "the key" PRIMARY KEY (region, id) INCLUDE (note) WITH (fillfactor = 71) USING INDEX TABLESPACE ${tablespace},
    CONSTRAINT late UNIQUE (code, n) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT sometimes UNIQUE (id) DEFERRABLE,
    CONSTRAINT one_note UNIQUE NULLS NOT DISTINCT (note, id));
  CREATE INDEX by_note ON things (lower(note) DESC NULLS LAST, n) WITH (deduplicate_items = off) TABLESPACE ${tablespace} WHERE n > 3;
  CREATE INDEX "Odd ""name""" ON things USING gist (place);
  CREATE INDEX by_time ON things USING brin (at timestamptz_minmax_multi_ops (values_per_range = 16)) WITH (pages_per_range = 8);
  CREATE INDEX by_hash ON things USING hash (code);
  CREATE UNIQUE INDEX identity ON things (n, id);
  CREATE INDEX by_prefix ON things (code text_pattern_ops, region COLLATE "POSIX");
  ALTER INDEX by_note ALTER COLUMN 1 SET STATISTICS 37;
  ALTER TABLE things ALTER COLUMN id SET NOT NULL;
  ALTER TABLE things REPLICA IDENTITY USING INDEX identity;
  ALTER TABLE things CLUSTER ON "the key";
  COMMENT ON INDEX by_hash IS 'of the index, it''s';
  COMMENT ON CONSTRAINT "the key" ON things IS 'of the constraint';
  COMMENT ON INDEX "the key" IS 'of the key''s index';
  CREATE STATISTICS together ON n, code FROM things;
  CREATE PUBLICATION out FOR TABLE things`;

/** All that a user can tell of the keys and indexes of a table, in words of the server's. */
const looks = `
  SELECT 'index' AS kind, c.relname AS name, jsonb_build_object('definition', pg_get_indexdef(c.oid), 'tablespace', t.spcname, 'options', c.reloptions,
      'owner', c.relowner::regrole, 'primary', i.indisprimary, 'immediate', i.indimmediate, 'clustered', i.indisclustered, 'valid', i.indisvalid,
      'ready', i.indisready, 'identity', i.indisreplident, 'collations', i.indcollation::text, 'classes', i.indclass::text, 'flags', i.indoption::text,
      'comment', obj_description(c.oid, 'pg_class'),
      'statistics', (SELECT jsonb_agg(coalesce(attstattarget, -1) ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid)) AS fact
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE i.indrelid = 'things'::regclass
  UNION ALL
  SELECT 'constraint', conname, jsonb_build_object('definition', pg_get_constraintdef(oid), 'deferrable', condeferrable, 'deferred', condeferred,
      'index', conindid::regclass, 'validated', convalidated, 'comment', obj_description(oid, 'pg_constraint'))
  FROM pg_constraint WHERE conrelid = 'things'::regclass
  UNION ALL
  SELECT 'trigger', tgfoid::regproc::text, jsonb_build_object('constraint', (SELECT conname FROM pg_constraint k WHERE k.oid = tgconstraint),
      'deferrable', tgdeferrable, 'deferred', tginitdeferred) FROM pg_trigger WHERE tgrelid = 'things'::regclass
  UNION ALL
  SELECT 'column', attname, jsonb_build_object('required', attnotnull, 'statistics', attstattarget) FROM pg_attribute WHERE attrelid = 'things'::regclass
  UNION ALL
  SELECT 'table', relname, jsonb_build_object('identity', relreplident, 'indexed', relhasindex) FROM pg_class WHERE oid = 'things'::regclass
  UNION ALL
  SELECT 'part', pg_describe_object(classid, objid, objsubid), jsonb_build_object('on', pg_describe_object(refclassid, refobjid, refobjsubid), 'how', deptype)
  FROM pg_depend WHERE refclassid = 'pg_class'::regclass AND refobjid = 'things'::regclass AND classid <> 'pg_trigger'::regclass
  ORDER BY 1, 2, 3`;

const looksOf = async (db: TestDatabase): Promise<readonly object[]> => (await db.query(looks)).rows;

/** The ways in which collections were copied. */
function waysOf(engine: Lockstep): readonly EventMap['copy.way'][] {
  const ways: EventMap['copy.way'][] = [];
  engine.events.on('copy.way', (event) => void ways.push(event));
  return ways;
}

const rebuilding = (url: string) =>
  ({ destination: { connector: 'postgres', url, rebuildKeys: { fromRows: 1_000 } } }) as const;

test.each([17, 18] as const)(
  'PostgreSQL %i: keys and indexes of every kind are as they were, over all rows',
  async (version) => {
    await using pair = await openPair({ source: version === 17 ? 18 : 17, target: version });
    const { source, target } = pair;
    const tablespace = `apart_${target.name}`;
    await target.query('SET allow_in_place_tablespaces = on');
    await target.query(`CREATE TABLESPACE ${tablespace} LOCATION ''`);
    await using _dropped = {
      [Symbol.asyncDispose]: async () => {
        await target.query('DROP TABLE IF EXISTS things; DROP SCHEMA IF EXISTS lockstep CASCADE');
        await target.query(`DROP TABLESPACE ${tablespace}`);
      },
    };
    await source.query(`CREATE TABLE things (${columns}, PRIMARY KEY (region, id)); ${fill}`);
    await target.query(kinds(tablespace));
    // What an index gets that names no tablespace must be what it had.
    await target.query(`ALTER DATABASE ${target.name} SET default_tablespace = '${tablespace}'`);
    const before = await looksOf(target);
    const engine = await pair.engine({ collections: ['things'] }, rebuilding(target.url));
    const ways = waysOf(engine);
    expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: rows }] });
    expect(ways).toMatchObject([{ way: 'whole', reason: '' }]);
    expect(await looksOf(target)).toEqual(before);
    expect(await pair.expectSame('things', 'things', { key: ['region', 'id'] })).toBe(rows);
    await target.query('SET enable_seqscan = off');
    const found = await target.query(`SELECT id FROM things WHERE region = 'r3' AND id = 3`);
    expect(found.rows).toEqual([{ id: 3 }]);
    await expect(target.query('INSERT INTO things SELECT * FROM things WHERE id = 7')).rejects.toMatchObject({
      code: '23505',
    });
    expect(await engine.verify('it')).toMatchObject({ equal: true });
  },
);

test('a mapping function: its rows come in one transaction too, and a row that it can not map is set aside', async () => {
  await using pair = await openPair();
  const { source, target } = pair;
  await source.query(`CREATE TABLE things (id int PRIMARY KEY, name text);
    INSERT INTO things SELECT i, 'name ' || i FROM generate_series(1, ${rows}) AS i; ANALYZE things`);
  await target.query(
    'CREATE TABLE things (id int PRIMARY KEY, name text); CREATE INDEX by_name ON things (name)',
  );
  const map = (row: Readonly<Record<string, unknown>>) => {
    if (row['id'] === 77) throw new Error('not this one');
    return row['id'] === 5 ? null : { id: Number(row['id']), name: String(row['name']).toUpperCase() };
  };
  const engine = await pair.engine(
    { collections: { things: { map, mapVersion: '1' } } },
    rebuilding(target.url),
  );
  const ways = waysOf(engine);
  expect(await engine.run('it')).toMatchObject({
    result: 'pending',
    deadLetters: 1,
    collections: [{ copied: rows - 2 }],
  });
  expect(ways).toMatchObject([{ way: 'whole' }]);
  const { rows: there } = await target.query(
    `SELECT count(*)::int AS n, min(name) AS name, (SELECT count(*)::int FROM pg_index WHERE indrelid = 'things'::regclass) AS indexes FROM things`,
  );
  expect(there).toEqual([{ n: rows - 2, name: 'NAME 1', indexes: 2 }]);
});
