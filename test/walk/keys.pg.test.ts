import { expect, test } from 'vitest';
import { openPair, type Pair } from './pair.ts';
import { nothing, writesOf } from './writes.ts';

interface KeyCase {
  readonly name: string;
  /** Columns and the primary key. */
  readonly definition: string;
  /** The key columns' values for row n of 1…1500, n being a bigint. */
  readonly values: string;
  readonly method: 'digests of ranges' | 'digests of groups';
}

const text = (collation: string) => `k text COLLATE ${collation}, PRIMARY KEY (k)`;
const words = `(ARRAY['a', 'B', 'ä', 'ß', 'z-', 'Zürich', '漢', 'e' || chr(769)])[n % 8 + 1] || n`;

const cases: readonly KeyCase[] = [
  {
    name: 'smallint',
    definition: 'k smallint PRIMARY KEY',
    values: '(n - 750)::smallint',
    method: 'digests of ranges',
  },
  { name: 'int', definition: 'k int PRIMARY KEY', values: 'n::int - 750', method: 'digests of ranges' },
  {
    name: 'sparse bigint',
    definition: 'k bigint PRIMARY KEY',
    values: '(n - 750) * 6148914691236517',
    method: 'digests of ranges',
  },
  {
    name: 'skewed bigint',
    definition: 'k bigint PRIMARY KEY',
    values: 'CASE WHEN n > 1490 THEN 9223372036854775807 - n ELSE n END',
    method: 'digests of ranges',
  },
  {
    name: 'uuid',
    definition: 'k uuid PRIMARY KEY',
    values: 'md5(n::text)::uuid',
    method: 'digests of ranges',
  },
  { name: 'text, C', definition: text('"C"'), values: words, method: 'digests of ranges' },
  { name: 'text, the default', definition: 'k text PRIMARY KEY', values: words, method: 'digests of ranges' },
  { name: 'text, ICU', definition: text('"de-x-icu"'), values: words, method: 'digests of groups' },
  { name: 'text, any case', definition: text('any_case'), values: words, method: 'digests of groups' },
  {
    name: 'varchar(20)',
    definition: 'k varchar(20) PRIMARY KEY',
    values: words,
    method: 'digests of ranges',
  },
  { name: 'char(12)', definition: 'k char(12) PRIMARY KEY', values: `'x' || n`, method: 'digests of groups' },
  { name: 'citext', definition: 'k citext PRIMARY KEY', values: words, method: 'digests of groups' },
  {
    name: 'bytea',
    definition: 'k bytea PRIMARY KEY',
    values: 'int8send(n * 7919)',
    method: 'digests of ranges',
  },
  {
    name: 'timestamp',
    definition: 'k timestamp PRIMARY KEY',
    values: `timestamp '1999-12-31' + n * interval '1 day 00:00:00.000001'`,
    method: 'digests of ranges',
  },
  {
    name: 'timestamptz',
    definition: 'k timestamptz PRIMARY KEY',
    values: `timestamptz '0002-01-01 00:00+00 BC' + n * interval '1 day'`,
    method: 'digests of ranges',
  },
  {
    name: 'date',
    definition: 'k date PRIMARY KEY',
    values: `CASE n WHEN 1 THEN '-infinity' WHEN 2 THEN 'infinity' ELSE date '1900-01-01' + n::int END`,
    method: 'digests of ranges',
  },
  { name: 'numeric', definition: 'k numeric PRIMARY KEY', values: 'n / 7.0', method: 'digests of groups' },
  {
    name: 'double precision',
    definition: 'k float8 PRIMARY KEY',
    values: `CASE n WHEN 1 THEN 'NaN' WHEN 2 THEN '-Infinity' ELSE n / 7.0 END`,
    method: 'digests of groups',
  },
  {
    name: 'boolean and int',
    definition: 'k boolean, i int, PRIMARY KEY (i, k)',
    values: 'n % 2 = 0, n / 2',
    method: 'digests of groups',
  },
  {
    name: 'enum',
    definition: 'k mood, i int, PRIMARY KEY (k, i)',
    values: `(ARRAY['sad', 'ok'])[n % 2 + 1]::mood, n`,
    method: 'digests of groups',
  },
  {
    name: 'int and uuid',
    definition: 'i int, k uuid, PRIMARY KEY (i, k)',
    values: 'n % 3, md5(n::text)::uuid',
    method: 'digests of ranges',
  },
  {
    name: 'text C, date, bigint, bytea',
    definition: 't text COLLATE "C", d date, b bigint, y bytea, PRIMARY KEY (t, d, b, y)',
    values: `'t' || n % 2, date '2024-01-01' + n::int % 2, n % 5, int8send(n)`,
    method: 'digests of ranges',
  },
  {
    name: 'mixed with a collation',
    definition: 't text COLLATE "de-x-icu", i int, PRIMARY KEY (t, i)',
    values: `(ARRAY['a', 'B', 'ä'])[n % 3 + 1], n`,
    method: 'digests of groups',
  },
  {
    name: 'key columns in another order than the table',
    definition: 'a int, b int, PRIMARY KEY (b, a)',
    values: 'n % 10, n',
    method: 'digests of ranges',
  },
  {
    name: 'domain of int',
    definition: 'k small_number PRIMARY KEY',
    values: 'n',
    method: 'digests of ranges',
  },
  {
    name: 'inet',
    definition: 'k inet PRIMARY KEY',
    values: `inet '10.0.0.0' + n`,
    method: 'digests of groups',
  },
  {
    name: 'int range',
    definition: 'k int4range PRIMARY KEY',
    values: 'int4range(n::int, n::int + 2)',
    method: 'digests of groups',
  },
];

const types = `CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN small_number AS int CHECK (VALUE < 10000);
  CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);`;

test('keys of every kind: copied in ranges, compared, drifted, repaired', async () => {
  await using pair = await openPair();
  await pair.both(types);
  for (const [index, one] of cases.entries()) await pair.both(tableSql(one, index));
  const tables = cases.map((_, index) => `keys${index}`);
  await fill(pair);
  const engine = await pair.engine({ collections: tables, rowsPerPartition: 300, lanes: 4, samples: 1000 });
  const run = await engine.run('it');
  expect(run).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
  for (const table of tables) expect(await pair.expectSame(table)).toBe(1500);
  const verified = await engine.verify('it');
  expect(verified.collections.map(({ equal, method }) => ({ equal, method }))).toEqual(
    cases.map(({ method }) => ({ equal: true, method })),
  );
  await drift(pair, tables);
  for (const collection of (await engine.verify('it')).collections) {
    expect(collection).toMatchObject({ missing: 3, extra: 2, different: 3 });
  }
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await writesOf(pair.target, 'keys0', () => engine.run('it'))).toEqual(nothing);
  for (const table of tables) expect(await pair.expectSame(table)).toBe(1498);
}, 240_000);

const tableSql = ({ definition }: KeyCase, index: number): string => {
  const [columns = '', ...constraint] = definition.split(', PRIMARY KEY');
  const key = constraint.length === 0 ? '' : `, PRIMARY KEY${constraint[0]}`;
  return `CREATE TABLE keys${index} (${columns}, place int, note text${key})`;
};

async function fill({ source }: Pair): Promise<void> {
  for (const [index, { values }] of cases.entries()) {
    await source.query(
      `INSERT INTO keys${index} SELECT ${values}, n, 'note ' || n FROM generate_series(1, 1500) AS n`,
    );
    await source.query(`ANALYZE keys${index}`);
  }
}

/** Two rows leave at the source, so two of the target are extra; three are missing at the target, three differ. */
async function drift({ source, target }: Pair, tables: readonly string[]): Promise<void> {
  for (const table of tables) {
    await source.query(`DELETE FROM ${table} WHERE place IN (1, 750)`);
    await target.query(`DELETE FROM ${table} WHERE place IN (2, 1100, 1500)`);
    await target.query(`UPDATE ${table} SET note = 'drifted' WHERE place IN (3, 1222, 1499)`);
  }
}

test('names with quotes, dots, blanks and capitals', async () => {
  await using pair = await openPair();
  const table = '"Odd.Sch""ema"."T.a ""b"" %I"';
  await pair.source.query(`CREATE SCHEMA "Odd.Sch""ema"; CREATE TABLE ${table} ("K.1" int, "select" text COLLATE "C", "__proto__" text, "v""1" text, "constructor" int, PRIMARY KEY ("select", "K.1"));
    INSERT INTO ${table} SELECT n, 'x''' || n, 'p' || n, '\\' || n, n FROM generate_series(1, 1000) AS n`);
  for (const map of [undefined, (row: object) => row as never]) {
    const engine = await pair.engine({
      collections: { [table]: { map } },
      create: true,
      rowsPerPartition: 100,
    });
    expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
    expect(await pair.expectSame(table)).toBe(1000);
    await pair.target.query(
      `UPDATE ${table} SET "v""1" = NULL WHERE "K.1" < 5; DELETE FROM ${table} WHERE "K.1" = 9`,
    );
    expect(await engine.verify('it', { repair: true })).toMatchObject({
      equal: true,
      repaired: { inserted: 1, updated: 4 },
    });
    await pair.expectSame(table);
  }
});

test.for([false, true])(
  'a numeric key that is spelled otherwise on the other side is one row (function: %s)',
  async (mapped) => {
    await using pair = await openPair();
    await pair.both('CREATE TABLE spelled (k numeric PRIMARY KEY, note text)');
    await pair.source.query(`INSERT INTO spelled VALUES (1.0, 'a'), (2.0, 'b'), (3, 'c')`);
    await pair.target.query(`INSERT INTO spelled VALUES (1.00, 'a'), (2.00, 'other'), (4.0, 'd')`);
    const map = mapped ? { map: (row: object) => row as never } : {};
    const engine = await pair.engine({ collections: { spelled: { scope: 'all', ...map } } });
    expect((await engine.verify('it')).collections).toMatchObject([{ missing: 1, different: 2, extra: 1 }]);
    const written = await writesOf(pair.target, 'spelled', () => engine.run('it'));
    expect(written).toEqual({ inserted: 1, updated: 2, deleted: 1 });
    await pair.expectSame('spelled');
  },
);
