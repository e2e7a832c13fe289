import { expect, test } from 'vitest';
import type { Partition } from '../../src/protocol/partition.ts';
import type { Row } from '../../src/protocol/value.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { collect, failure, never, readerFor, selecting } from './support.ts';

const collations = `CREATE COLLATION german (provider = icu, locale = 'de-u-co-phonebk');
  CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`;

interface KeyCase {
  readonly columns: string;
  readonly values: string;
  readonly key: string[];
}

/** Column definitions of a key and an expression for its values. */
const keys: Readonly<Record<string, KeyCase>> = {
  int: { columns: 'id int', values: 'i', key: ['id'] },
  'bigint with a hole': {
    columns: 'id bigint',
    values: `CASE WHEN i < 10 THEN i ELSE i + 5000000000 END`,
    key: ['id'],
  },
  uuid: { columns: 'id uuid', values: 'md5(i::text)::uuid', key: ['id'] },
  'text, C': { columns: 'id text COLLATE "C"', values: `md5(i::text) || 'é'`, key: ['id'] },
  'text, ICU': {
    columns: 'id text COLLATE german',
    values: `substr('aäbBcöÖoO''"\\z', 1 + i % 14, 1) || i`,
    key: ['id'],
  },
  'text, nondeterministic': { columns: 'id text COLLATE loose', values: `'K' || i`, key: ['id'] },
  timestamp: {
    columns: 'id timestamp',
    values: `'2026-01-01'::timestamp + i * '1.000001 s'::interval`,
    key: ['id'],
  },
  'composite, quoted names': {
    columns: '"Tenant Id" int, "No." numeric(10,1)',
    values: 'i % 7, i / 10.0',
    key: ['Tenant Id', 'No.'],
  },
  'char(n)': { columns: 'id char(12)', values: 'i::text', key: ['id'] },
};

const rowCount = 20_000;

async function filled(database: TestDatabase, { columns, values, key }: KeyCase): Promise<void> {
  await database.query(collations);
  const primary = key.map((name) => `"${name}"`).join(', ');
  await database.query(`CREATE TABLE "My Rows" (${columns}, n int, PRIMARY KEY (${primary}))`);
  await database.query(`INSERT INTO "My Rows" SELECT ${values}, i FROM generate_series(1, ${rowCount}) i`);
  await database.query('ANALYZE "My Rows"');
}

test.for(Object.entries(keys))('partitions of %s hold every row exactly once', async ([, keyCase]) => {
  await using database = await createTestDatabase();
  await filled(database, keyCase);
  await using reader = readerFor(database.url);
  await using snapshot = await reader.snapshot({ signal: never });
  const selection = selecting('n');
  const partitions = await collect(
    snapshot.partitions('My Rows', { targetRows: 1500, selection, signal: never }),
  );
  expect(partitions.length).toBeGreaterThan(5);
  expect(partitions[0]?.from).toBeNull();
  expect(partitions.at(-1)?.to).toBeNull();
  const seen = new Set<number>();
  let total = 0;
  for (const partition of partitions) {
    const rows: Row[] = [];
    for await (const chunk of snapshot.read('My Rows', partition, {
      selection,
      format: 'rows',
      signal: never,
    })) {
      if (chunk.format === 'rows') rows.push(...chunk.rows);
    }
    expect(rows.length, JSON.stringify(partition)).toBeLessThan(6000);
    total += rows.length;
    for (const { n } of rows) seen.add(Number(n));
  }
  expect([total, seen.size]).toEqual([rowCount, rowCount]);
});

const whole: Partition = { id: 'all', from: null, to: null, estimatedRows: 0 };

test('a snapshot shows one moment to all its reads, and lookups show the newest state', async () => {
  await using database = await createTestDatabase();
  await database.query(
    `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'old'), (2, 'old')`,
  );
  await using reader = readerFor(database.url);
  await using snapshot = await reader.snapshot({ signal: never });
  await database.query(`UPDATE t SET v = 'new'; INSERT INTO t VALUES (3, 'new')`);
  const selection = selecting('id', 'v');
  const chunks = await collect(snapshot.read('t', whole, { selection, format: 'rows', signal: never }));
  expect(chunks.flatMap((chunk) => (chunk.format === 'rows' ? chunk.rows : []))).toEqual([
    { id: 1, v: 'old' },
    { id: 2, v: 'old' },
  ]);
  const found = await snapshot.lookup('t', ['["1"]', '["3"]', '["4"]'], {
    selection,
    keyColumns: ['id'],
    notBefore: null,
    signal: never,
  });
  expect([...found]).toEqual([
    ['["1"]', { id: 1, v: 'new' }],
    ['["3"]', { id: 3, v: 'new' }],
    ['["4"]', null],
  ]);
});

test('lookup finds numeric 1.00 by 1.0 and answers under the spelling that was asked for', async () => {
  await using database = await createTestDatabase();
  await database.query(
    `CREATE TABLE t (a numeric, b text, PRIMARY KEY (a, b)); INSERT INTO t VALUES (1.00, 'it''s "x"')`,
  );
  await using reader = readerFor(database.url);
  await using snapshot = await reader.snapshot({ signal: never });
  const key = JSON.stringify(['1.0', `it's "x"`]);
  const found = await snapshot.lookup('t', [key], {
    selection: selecting('a', 'b'),
    keyColumns: ['a', 'b'],
    notBefore: null,
    signal: never,
  });
  expect([...found]).toEqual([[key, { a: '1.00', b: `it's "x"` }]]);
});

test.each(['now', 'moment'] as const)(
  'keys that are no values of their type are absent: at %s',
  async (at) => {
    await using database = await createTestDatabase();
    await database.query(
      `CREATE TABLE t (id int, part text, PRIMARY KEY (id, part)); INSERT INTO t SELECT i, 'a' FROM generate_series(1, 1500) i`,
    );
    await using reader = readerFor(database.url);
    await using snapshot = await reader.snapshot({ signal: never });
    const asked = Array.from({ length: 1500 }, (_, index) => JSON.stringify([String(index + 1), 'a']));
    const none = ['["3000000000","a"]', '["","a"]', '["x","a"]', '["1","a\\u0000"]'];
    const backslash = '["1","\\\\u0000"]';
    const options = {
      selection: selecting('id', 'part'),
      keyColumns: ['id', 'part'],
      notBefore: null,
      signal: never,
      at,
    };
    const found = await snapshot.lookup('t', [...none, ...asked, backslash], options);
    expect([...none, backslash].map((key) => found.get(key))).toEqual([null, null, null, null, null]);
    expect(asked.map((key) => found.get(key))).toEqual(
      asked.map((_, index) => ({ id: index + 1, part: 'a' })),
    );
  },
);

test('a value that is refused elsewhere than in the keys is an error, and no key is absent for it', async () => {
  await using database = await createTestDatabase();
  await database.query(
    `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, '1'), (2, 'x')`,
  );
  await using reader = readerFor(database.url);
  await using snapshot = await reader.snapshot({ signal: never });
  const selection = { ...selecting('id'), filter: 'v::int > 0' };
  const options = { selection, keyColumns: ['id'], notBefore: null, signal: never };
  expect((await snapshot.lookup('t', ['["1"]', '["x"]'], options)).get('["1"]')).toEqual({ id: 1 });
  await failure(snapshot.lookup('t', ['["1"]', '["2"]', '["x"]'], options), 'value-refused');
  await failure(snapshot.lookup('t', ['["2"]'], options), 'value-refused');
});

test('keys of a type that an extension brings are compared as it compares', async () => {
  await using database = await createTestDatabase();
  await database.query(
    `CREATE EXTENSION citext; CREATE TABLE t (id citext PRIMARY KEY); INSERT INTO t VALUES ('Abc')`,
  );
  await using reader = readerFor(database.url);
  await using snapshot = await reader.snapshot({ signal: never });
  const options = { selection: selecting('id'), keyColumns: ['id'], notBefore: null, signal: never };
  expect((await snapshot.lookup('t', ['["aBC"]'], options)).get('["aBC"]')).toEqual({ id: 'Abc' });
});

test('the filter of a selection holds in reads and lookups, and expressions are converted as asked', async () => {
  await using database = await createTestDatabase();
  await database.query(
    `CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, i FROM generate_series(1, 10) i`,
  );
  await using reader = readerFor(database.url);
  await using snapshot = await reader.snapshot({ signal: never });
  const selection = {
    columns: [
      { name: 'key', from: { column: 'id' }, as: 'bigint' },
      { name: 'double', from: { expression: 'v * 2 -- twice' }, as: 'numeric' },
    ],
    filter: 'v > 8 -- the last',
  };
  const chunks = await collect(snapshot.read('t', whole, { selection, format: 'rows', signal: never }));
  expect(chunks.flatMap((chunk) => (chunk.format === 'rows' ? chunk.rows : []))).toEqual([
    { key: 9n, double: '18' },
    { key: 10n, double: '20' },
  ]);
  const found = await snapshot.lookup('t', ['["9"]', '["8"]', '["3000000000"]'], {
    selection,
    keyColumns: ['key'],
    notBefore: null,
    signal: never,
  });
  expect([...found.values()]).toEqual([{ key: 9n, double: '18' }, null, null]);
});

test('a table that is truncated after the snapshot is not read as empty', async () => {
  await using database = await createTestDatabase();
  await database.query('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
  await using reader = readerFor(database.url);
  await using snapshot = await reader.snapshot({ signal: never });
  await database.query('TRUNCATE t');
  const selection = selecting('id');
  await failure(
    collect(snapshot.read('t', whole, { selection, format: 'rows', signal: never })),
    'snapshot-lost',
  );
  await using fresh = await reader.snapshot({ signal: never });
  expect(await collect(fresh.read('t', whole, { selection, format: 'rows', signal: never }))).toEqual([]);
});

test('a snapshot whose coordinator is gone is lost', async () => {
  await using database = await createTestDatabase();
  await database.query('CREATE TABLE t (id int PRIMARY KEY)');
  await using reader = readerFor(database.url);
  await using snapshot = await reader.snapshot({ signal: never });
  await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await expect
    .poll(async () => {
      const read = collect(
        snapshot.read('t', whole, { selection: selecting('id'), format: 'rows', signal: never }),
      );
      return read.then(
        () => 'read',
        (error: { code: string }) => error.code,
      );
    })
    .toBe('snapshot-lost');
});

test('rows that row security would hide are an error, in reads and in lookups', async () => {
  await using database = await createTestDatabase();
  const role = await database.createRole();
  await database.query(`CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2); GRANT SELECT ON t TO "${role}";
    ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (id = 1)`);
  await using reader = readerFor(database.urlFor({ user: role }));
  await using snapshot = await reader.snapshot({ signal: never });
  const selection = selecting('id');
  await failure(
    collect(snapshot.read('t', whole, { selection, format: 'pg-copy', signal: never })),
    'rows-hidden',
  );
  await failure(
    snapshot.lookup('t', ['["2"]'], { selection, keyColumns: ['id'], notBefore: null, signal: never }),
    'rows-hidden',
  );
});

test('stopping a read early leaves no statement and no session behind at the server', async () => {
  await using database = await createTestDatabase();
  await database.query(
    'CREATE TABLE t AS SELECT i, repeat(md5(i::text), 20) AS v FROM generate_series(1, 100000) i',
  );
  await using reader = readerFor(database.url);
  await using snapshot = await reader.snapshot({ signal: never });
  for await (const _ of snapshot.read('t', whole, {
    selection: selecting('i', 'v'),
    format: 'pg-copy',
    signal: never,
  }))
    break;
  const active = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%' AND state = 'active'`;
  await expect.poll(async () => (await database.query<{ n: number }>(active)).rows[0]?.n).toBe(0);
});

test('patterns list tables, names list anything', async () => {
  await using database = await createTestDatabase();
  await database.query(`CREATE TABLE users (id int); CREATE TABLE "User Log" (id int); CREATE VIEW view1 AS SELECT 1;
    CREATE SCHEMA "Odd.Schema"; CREATE TABLE "Odd.Schema"."Tab""le" (id int);
    CREATE SCHEMA lockstep; CREATE TABLE lockstep.state (id int);
    CREATE TABLE parted (id int) PARTITION BY LIST (id); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1)`);
  await using reader = readerFor(database.url);
  const list = (pattern: string) => reader.list(pattern, { signal: never });
  expect(await list('*')).toEqual(['public.User Log', 'public.parted', 'public.users']);
  expect(await list('*.user?')).toEqual(['public.users']);
  expect(await list('view1')).toEqual(['public.view1']);
  expect(await list('parted_1')).toEqual(['public.parted_1']);
  expect(await list('*.*')).toContain('"Odd.Schema"."Tab""le"');
  expect(await list('"Odd.Schema"."Tab""le"')).toEqual(['"Odd.Schema"."Tab""le"']);
  expect(await list('nothing')).toEqual([]);
});

test('the identity tells servers and databases apart', async () => {
  await using first = await createTestDatabase();
  await using second = await createTestDatabase();
  await using a = readerFor(first.url);
  await using b = readerFor(second.url);
  const [one, other] = await Promise.all([a.identity({ signal: never }), b.identity({ signal: never })]);
  expect(one.id).toMatch(/^\d+\/\d+\//);
  expect(one.id).not.toBe(other.id);
  expect(one.id.split('/')[0]).toBe(other.id.split('/')[0]);
});

test('a row above the limit is named by a read that would hold it, and passes one that does not', async () => {
  await using database = await createTestDatabase();
  await database.query(
    `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, repeat('x', 10000)), (2, 'y')`,
  );
  await using reader = readerFor(database.url, { maxRowBytes: 5000 });
  await using snapshot = await reader.snapshot({ signal: never });
  const selection = selecting('id', 'v');
  const chunks = await collect(snapshot.read('t', whole, { selection, format: 'rows', signal: never }));
  const decoded = chunks.filter((chunk) => chunk.format === 'rows');
  expect(decoded.flatMap(({ rows }) => rows)).toEqual([{ id: 2, v: 'y' }]);
  expect(decoded.flatMap(({ refused = [] }) => refused)).toMatchObject([
    { row: { id: 1 }, error: { code: 'row-too-large' } },
  ]);
  const pieces = await collect(snapshot.read('t', whole, { selection, format: 'pg-copy', signal: never }));
  expect(pieces.reduce((sum, chunk) => sum + (chunk.format === 'pg-copy' ? chunk.rowCount : 0), 0)).toBe(2);
});
