import { expect, test } from 'vitest';
import { TypeCache } from '../../src/connectors/postgres/reader/type-cache.ts';
import { digestMethodOf, isListed, typeRule } from '../../src/connectors/postgres/types/type-table.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { never, poolFor, readerFor } from './support.ts';

/** Built-in base and range types that a column may have, arrays left out. */
const columnTypes = `SELECT t.oid::int4 AS oid, format_type(t.oid, NULL) AS name,
    t.typsend <> 0 AND t.typreceive <> 0 AS binary
  FROM pg_type t WHERE t.typtype IN ('b', 'r', 'm') AND t.oid < 10000 AND t.typname !~ '^_'
    AND NOT (t.typelem <> 0 AND t.typsubscript::text = 'array_subscript_handler')`;

/** Their text is names or numbers of one server, or they are made by the server for its own use. */
const byTextOnly: ReadonlySet<string> = new Set([
  'aclitem',
  'gtsvector',
  'pg_brin_bloom_summary',
  'pg_brin_minmax_multi_summary',
  'pg_dependencies',
  'pg_mcv_list',
  'pg_ndistinct',
  'pg_node_tree',
  'regclass',
  'regcollation',
  'regconfig',
  'regdatabase',
  'regdictionary',
  'regnamespace',
  'regoper',
  'regoperator',
  'regproc',
  'regprocedure',
  'regrole',
  'regtype',
]);

test.for([17, 18] as const)('every built-in type of PostgreSQL %i has a rule', async (version) => {
  await using database = await createTestDatabase({ version });
  const { rows } = await database.query<{ oid: number; name: string; binary: boolean }>(columnTypes);
  expect(rows.length).toBeGreaterThan(70);
  expect(rows.filter(({ name }) => !isListed(name) && !byTextOnly.has(name))).toEqual([]);
  await using pool = poolFor(database.url);
  const cache = new TypeCache();
  const types = await pool.use(
    (session) =>
      cache.types(
        session,
        rows.map(({ oid }) => oid),
        { signal: never },
      ),
    { signal: never },
  );
  types.forEach((type, index) => {
    const rule = typeRule(type);
    if (rule.binarySafe || rule.codec !== null) expect(rows[index]?.binary, type.name).toBe(true);
    expect(digestMethodOf(type.name), type.name).toBe(rule.hash);
  });
});

test('each digest method works for each type that has it', async () => {
  await using database = await createTestDatabase();
  const { rows } = await database.query<{ name: string }>(columnTypes);
  const columns = rows.filter(({ name }) => isListed(name) || /^reg/.test(name));
  const arrays = columns.filter(({ name }) => !/vector$/.test(name));
  const all = [...columns.map(({ name }) => name), ...arrays.map(({ name }) => `${name}[]`)];
  await database.query(
    `CREATE TABLE t (${all.map((name, index) => `c${index} ${name}`).join(', ')}); INSERT INTO t DEFAULT VALUES`,
  );
  await using reader = readerFor(database.url);
  const shape = await reader.describe('t', { signal: never });
  const described = (shape?.columns ?? []).map(({ name, type }) => ({ name, type }));
  const agreement = reader.proposeDigest(described);
  if (agreement === null) throw new Error('no agreement');
  await using snapshot = await reader.snapshot({ signal: never });
  const selection = {
    columns: described.map(({ name }) => ({ name, from: { column: name }, as: null })),
    filter: null,
  };
  const whole = { id: 'all', from: null, to: null, estimatedRows: 1 };
  const digest = await snapshot.digest('t', whole, {
    selection,
    keyColumns: [],
    groups: 1,
    agreement,
    signal: never,
  });
  expect(digest.get(0)?.rows).toBe(1);
  expect(await reader.probeDigest(agreement, { signal: never })).not.toBe('');
});

const kinds = `CREATE TYPE mood AS ENUM ('sad'); CREATE TYPE pair AS (a int, b mood); CREATE DOMAIN email AS text;
  CREATE DOMAIN moods AS mood[]; CREATE TYPE span AS RANGE (subtype = float8); CREATE EXTENSION citext`;

/** Type, codec, binary COPY allowed, hash method. */
const expected: readonly (readonly [string, string | null, boolean, string])[] = [
  ['mood', 'text', true, 'text'],
  ['pair', null, false, 'text'],
  ['email', 'text', true, 'bytes'],
  ['moods', null, false, 'text'],
  ['mood[]', null, false, 'text'],
  ['span', null, false, 'text'],
  ['citext', null, false, 'text'],
  ['int[]', null, true, 'send:array_send'],
  ['regclass[]', null, false, 'text'],
  ['regclass', null, false, 'text'],
  ['point', null, true, 'send:point_send'],
  ['int2vector', null, true, 'text'],
];

test('types made of others, and made by users, go the way that means the same at another server', async () => {
  await using database = await createTestDatabase();
  await database.query(kinds);
  await using pool = poolFor(database.url);
  for (const [name, codec, binarySafe, hash] of expected) {
    const { rows } = await database.query<{ oid: number }>(`SELECT $1::regtype::oid::int4 AS oid`, [name]);
    const oids = rows.map(({ oid }) => oid);
    const [type] = await pool.use((session) => new TypeCache().types(session, oids, { signal: never }), {
      signal: never,
    });
    expect(type === undefined ? undefined : typeRule(type), name).toMatchObject({ codec, binarySafe, hash });
  }
});
