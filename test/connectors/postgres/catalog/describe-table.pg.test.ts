import { expect, test } from 'vitest';
import { describeTable } from '../../../../src/connectors/postgres/catalog/describe-table.ts';
import { toShape } from '../../../../src/connectors/postgres/catalog/to-shape.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { describeNamed, openOn } from '../support.ts';

test('an unknown name is null', async () => {
  await using db = await createTestDatabase();
  await using session = await openOn(db);
  expect(await describeTable(session, { schema: 'public', table: 'nothing' })).toBeNull();
  expect(await describeTable(session, { schema: 'no "schema', table: 'x' })).toBeNull();
});

async function keysOf(db: TestDatabase, tables: Readonly<Record<string, string>>) {
  await using session = await openOn(db);
  const found: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries(tables)) {
    await db.query(`CREATE TABLE public.${name} (${definition})`);
    const { key } = toShape(await describeNamed(session, name));
    found[name] = key === null ? null : [key.columns.join(','), key.order];
  }
  return found;
}

test.each([17, 18] as const)('keys and the names of their orders on %i', async (version) => {
  await using db = await createTestDatabase({ version, locale: { provider: 'icu', name: 'en' } });
  await db.query(
    `CREATE DOMAIN public.number AS int; CREATE COLLATION public.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
  );
  const keys = await keysOf(db, {
    ints: 'a smallint, b int, c bigint, PRIMARY KEY (b, a, c)',
    domains: 'a public.number PRIMARY KEY',
    uuids: 'a uuid PRIMARY KEY',
    bytes: 'a bytea PRIMARY KEY',
    times: 'a date, b timestamp, c timestamptz(3), PRIMARY KEY (a, b, c)',
    texts: 'a text PRIMARY KEY',
    c_texts: 'a text COLLATE "C", b varchar(5) COLLATE "POSIX", PRIMARY KEY (a, b)',
    code_points: 'a text COLLATE pg_c_utf8 PRIMARY KEY',
    ucs_basic: 'a text COLLATE ucs_basic PRIMARY KEY',
    loose: 'a text COLLATE public.loose PRIMARY KEY',
    chars: 'a char(5) COLLATE "C" PRIMARY KEY',
    numerics: 'a numeric PRIMARY KEY',
    mixed: 'a int, b numeric, PRIMARY KEY (a, b)',
    chosen: 'a int NOT NULL, b int NOT NULL, c int NOT NULL UNIQUE, d int UNIQUE, UNIQUE (a, b)',
    deferred: 'a int NOT NULL UNIQUE DEFERRABLE',
    none: 'a int',
  });
  expect(keys).toEqual({
    ints: ['b,a,c', 'int,int,int'],
    domains: ['a', 'int'],
    uuids: ['a', 'uuid'],
    bytes: ['a', 'bytes'],
    times: ['a,b,c', 'date,timestamp,timestamptz'],
    texts: ['a', null],
    c_texts: ['a,b', 'utf8-bytes,utf8-bytes'],
    code_points: ['a', 'utf8-bytes'],
    ucs_basic: ['a', 'utf8-bytes'],
    loose: ['a', null],
    chars: ['a', null],
    numerics: ['a', null],
    mixed: ['a,b', null],
    chosen: ['c', 'int'],
    deferred: null,
    none: null,
  });
});

test('the database’s own collation decides for text without one', async () => {
  await using plain = await createTestDatabase();
  await using builtin = await createTestDatabase({ locale: { provider: 'builtin', name: 'C.UTF-8' } });
  await using latin = await createTestDatabase({
    encoding: 'LATIN1',
    locale: { provider: 'libc', name: 'C' },
  });
  expect(await keysOf(plain, { t: 'a text PRIMARY KEY' })).toEqual({ t: ['a', 'utf8-bytes'] });
  expect(await keysOf(builtin, { t: 'a text PRIMARY KEY' })).toEqual({ t: ['a', 'utf8-bytes'] });
  expect(await keysOf(latin, { t: 'a text PRIMARY KEY' })).toEqual({ t: ['a', null] });
});

test('uniques of the shape, those of partial and expression indexes by all that they look at', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE public.t (id int PRIMARY KEY, a int, b int, c text, d int4range, UNIQUE (b, a) INCLUDE (c), EXCLUDE USING gist (d WITH &&));
    CREATE UNIQUE INDEX ON public.t (lower(c)); CREATE UNIQUE INDEX ON public.t (a) WHERE b > 5; CREATE INDEX ON public.t (c)`);
  await using session = await openOn(db);
  const { uniques } = toShape(await describeNamed(session, 't'));
  expect(uniques.map((set) => set.toSorted().join()).toSorted()).toEqual(['a,b', 'c', 'd']);
});

test('sequences, and those that may not be read', async () => {
  await using db = await createTestDatabase();
  const user = await db.createRole();
  await db.query(`CREATE TABLE public.t (id serial PRIMARY KEY, up bigint GENERATED ALWAYS AS IDENTITY (START 9 INCREMENT 3));
    GRANT SELECT ON public.t TO "${user}"; SELECT setval('public.t_id_seq', 41)`);
  await using owner = await openOn(db);
  await using guest = await openOn(db, { user });
  const sequences = (await describeNamed(owner, 't')).columns.map(({ sequence }) => sequence);
  expect(sequences).toMatchObject([
    { name: 't_id_seq', owned: true, lastValue: '41', isCalled: true, dataType: 'integer' },
    { name: 't_up_seq', owned: true, lastValue: '9', isCalled: false, increment: '3' },
  ]);
  const hidden = (await describeNamed(guest, 't')).columns.map(({ sequence }) => sequence?.lastValue);
  expect(hidden).toEqual([null, null]);
});

test('what hangs on a table', async () => {
  await using db = await createTestDatabase();
  const user = await db.createRole();
  await db.query(`CREATE TABLE public.t (id int PRIMARY KEY, a int) WITH (fillfactor = 70); CREATE STATISTICS both_columns ON id, a FROM public.t;
    GRANT SELECT ON public.t TO PUBLIC; GRANT UPDATE (a) ON public.t TO "${user}";
    ALTER TABLE public.t FORCE ROW LEVEL SECURITY; CREATE POLICY p ON public.t; CREATE PUBLICATION pub FOR TABLE public.t;
    CREATE TABLE public.child (id int PRIMARY KEY, t int REFERENCES public.t ON DELETE CASCADE);
    CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER tr AFTER DELETE OR TRUNCATE ON public.t EXECUTE FUNCTION public.f(); ALTER TABLE public.t ENABLE ALWAYS TRIGGER tr`);
  await using session = await openOn(db);
  expect(await describeNamed(session, 't')).toMatchObject({
    grantees: ['PUBLIC', user],
    policies: ['p'],
    publications: ['pub'],
    storageParameters: ['fillfactor=70'],
    extendedStatistics: ['both_columns'],
    rules: [],
    rowSecurity: { enabled: false, forced: true },
    referencedBy: [{ schema: 'public', table: 'child', name: 'child_t_fkey', onDelete: 'c' }],
    triggers: [
      { name: 'tr', enabled: 'A', timing: 'after', forEach: 'statement', events: ['delete', 'truncate'] },
    ],
  });
});

test('sizes are estimated before and after statistics are taken, over table partitions too', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE public.t (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
    CREATE TABLE public.t1 PARTITION OF public.t FOR VALUES FROM (0) TO (5001) WITH (autovacuum_enabled = off);
    CREATE TABLE public.t2 PARTITION OF public.t FOR VALUES FROM (5001) TO (20000) WITH (autovacuum_enabled = off);
    INSERT INTO public.t SELECT i, 'name ' || i FROM generate_series(1, 10000) i`);
  await using session = await openOn(db);
  const before = await describeNamed(session, 't');
  expect(before.estimatedRows).toBeGreaterThan(5000);
  expect(before.estimatedRows).toBeLessThan(20_000);
  await db.query('ANALYZE public.t1; ANALYZE public.t2');
  const after = await describeNamed(session, 't');
  expect(after.estimatedRows).toBe(10_000);
  expect(after.estimatedBytes).toBeGreaterThan(400_000);
  expect(after.estimatedBytes).toBe(before.estimatedBytes);
});

test('a column’s own collation counts, not its type’s', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE COLLATION public.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE DOMAIN public.d AS text; CREATE TABLE public.t (a text COLLATE public.loose, b text[] COLLATE public.loose, c public.d COLLATE public.loose, d text)`);
  await using session = await openOn(db);
  const { columns } = await describeNamed(session, 't');
  expect(columns.map(({ type }) => type.collationDeterministic)).toEqual([false, false, false, true]);
  expect(columns[1]?.type.element?.collation).toBe('public.loose');
  expect(columns[2]?.type.base?.collationDeterministic).toBe(false);
});

test('constraints of PostgreSQL 18: WITHOUT OVERLAPS is no key to write by, a NOT NULL that is not validated does not count', async () => {
  await using db = await createTestDatabase({ version: 18 });
  await db.query(`CREATE EXTENSION btree_gist; CREATE TABLE public.t (id int, during int4range, PRIMARY KEY (id, during WITHOUT OVERLAPS));
    CREATE TABLE public.u (a int UNIQUE); ALTER TABLE public.u ADD CONSTRAINT filled NOT NULL a NOT VALID`);
  await using session = await openOn(db);
  const table = await describeNamed(session, 't');
  expect(table.primaryKey).toBeNull();
  expect(table.exclusions.map(({ name }) => name)).toEqual(['t_pkey']);
  expect(toShape(await describeNamed(session, 'u')).key).toBeNull();
});

test('a shape is plain JSON', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE public.t (id int PRIMARY KEY, other int REFERENCES public.t)');
  await using session = await openOn(db);
  const shape = toShape(await describeNamed(session, 't'));
  expect(JSON.parse(JSON.stringify(shape))).toEqual(shape);
  expect(shape.references).toEqual([
    { columns: ['other'], collection: 'public.t', referencedColumns: ['id'], deferrable: false },
  ]);
});
