import { expect, test } from 'vitest';
import { toShape } from '../../../../src/connectors/postgres/catalog/to-shape.ts';
import { checkDestination } from '../../../../src/connectors/postgres/check/check-destination.ts';
import { isSameCollection } from '../../../../src/connectors/postgres/check/same-collection.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { describeNamed, openOn, planOf } from '../support.ts';
import { check, summary } from './check-case.ts';

const table = 'CREATE TABLE public.t (id int PRIMARY KEY, name text)';

test('equal tables, and a table to be created, give no findings', async () => {
  expect(await check({ source: table, target: table })).toEqual([]);
  expect(await check({ source: table })).toEqual([]);
});

test('a missing target that may not be created', async () => {
  const findings = await check({ source: table, plan: { create: false } });
  expect(summary(findings)).toEqual(['error collection-unknown public.t']);
  expect(findings[0]?.message).toContain('create: true');
});

test('a server that takes no writes', async () => {
  await using to = await createTestDatabase();
  await using from = await createTestDatabase();
  await to.query(table);
  await to.query(`ALTER DATABASE "${to.name}" SET default_transaction_read_only = on`);
  expect(summary(await check({ source: table, databases: { from, to } }))).toEqual([
    'error read-only destination',
  ]);
});

test('a key that the target does not make unique', async () => {
  const findings = await check({ source: table, target: 'CREATE TABLE public.t (id int, name text)' });
  expect(summary(findings)).toEqual(['error key-not-unique public.t']);
  expect(findings[0]?.cure).toBe('CREATE UNIQUE INDEX ON "public"."t" ("id");');
});

test('types that do not fit, and those that are widened', async () => {
  const source = 'CREATE TABLE public.t (id int PRIMARY KEY, a bigint, b varchar(5), c json)';
  const target = 'CREATE TABLE public.t (id bigint PRIMARY KEY, a int, b text, c jsonb)';
  const findings = await check({ source, target });
  expect(summary(findings)).toEqual(['error type-mismatch public.t.a', 'error type-mismatch public.t.c']);
  expect(findings[0]?.message).toMatch(/bigint does not fit into integer/);
});

test('labels that an enum lacks, with the statements that add them', async () => {
  await using to = await createTestDatabase();
  await using from = await createTestDatabase();
  const databases = { from, to };
  const source = `CREATE TYPE public.mood AS ENUM ('a', 'b', 'c'); CREATE TABLE public.t (id int PRIMARY KEY, m public.mood[])`;
  const target = `CREATE TYPE public.mood AS ENUM ('b'); CREATE TABLE public.t (id int PRIMARY KEY, m public.mood[])`;
  const [finding, ...more] = await check({ source, target, databases });
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ level: 'error', code: 'postgres-enum-labels', subject: 'public.t.m' });
  for (const statement of finding?.cure.split('\n') ?? []) await to.query(statement);
  expect(await check({ source, databases })).toEqual([]);
});

test('columns that must be filled and are not, and nulls', async () => {
  const target = `CREATE DOMAIN public.d AS int DEFAULT 3; CREATE TABLE public.t (id int PRIMARY KEY, name text NOT NULL, must int NOT NULL, may int, has int NOT NULL DEFAULT 1,
    own int NOT NULL GENERATED ALWAYS AS IDENTITY, dom public.d NOT NULL, gen int NOT NULL GENERATED ALWAYS AS (id) STORED)`;
  expect(summary(await check({ source: table, target }))).toEqual([
    'warning postgres-null-refused public.t.name',
    'error column-required public.t.must',
  ]);
});

test('computed columns and identities of the target', async () => {
  const source = 'CREATE TABLE public.t (id int PRIMARY KEY, a int, b int NOT NULL)';
  const target = `CREATE TABLE public.t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int GENERATED ALWAYS AS (id * 2) STORED, b int GENERATED ALWAYS AS IDENTITY)`;
  const findings = await check({ source, target, plan: { config: { columns: ['id', 'a', 'b'] } } });
  expect(summary(findings)).toEqual([
    'warning postgres-column-computed public.t.a',
    'warning postgres-identity-fixed public.t.b',
    'info postgres-key-fixed public.t',
  ]);
});

test('constraints that the source has not', async () => {
  const source =
    'CREATE TABLE public.t (id int PRIMARY KEY, name text UNIQUE, age int CHECK (age > 0), during int4range)';
  const target = `CREATE TABLE public.t (id int PRIMARY KEY, name text UNIQUE, age int CHECK (age > 0) CHECK (age < 100), during int4range,
    CONSTRAINT apart EXCLUDE USING gist (during WITH &&), UNIQUE (name, age)); CREATE UNIQUE INDEX one_age ON public.t (age)`;
  const findings = await check({ source, target });
  expect(summary(findings)).toEqual(['info postgres-constraints-refuse public.t']);
  expect(findings[0]?.message).toMatch(/one_age, t_age_check1, apart$/);
});

test('triggers that fire, rules, and deletes that reach further', async () => {
  const target = `${table}; CREATE TABLE public.child (id int PRIMARY KEY, t int REFERENCES public.t ON DELETE CASCADE, u int REFERENCES public.t);
    CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER fires BEFORE INSERT OR UPDATE ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();
    CREATE TRIGGER off AFTER INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f(); ALTER TABLE public.t DISABLE TRIGGER off;
    CREATE RULE ru AS ON DELETE TO public.t DO ALSO NOTHING`;
  const findings = await check({ source: table, target });
  expect(summary(findings)).toEqual([
    'warning postgres-triggers-fire public.t',
    'error postgres-rules public.t',
    'warning postgres-deletes-reach public.t',
    'info postgres-keys-held public.t',
  ]);
  expect(findings[0]?.message).toContain('fires (before insert or update)');
  expect(findings[2]?.message).toContain('public.child (child_t_fkey)');
  expect(summary(await check({ source: table, target, plan: { config: { leaving: 'keep' } } }))).toHaveLength(
    3,
  );
});

test('keys that can’t follow when they change at the source', async () => {
  const always = 'CREATE TABLE public.t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)';
  const findings = await check({ source: table, target: always });
  expect(summary(findings)).toEqual(['info postgres-key-fixed public.t']);
  expect(await check({ source: always, target: always })).toEqual([]);
  const follows = `${table}; CREATE TABLE public.child (t int REFERENCES public.t ON UPDATE CASCADE)`;
  expect(await check({ source: table, target: follows })).toEqual([]);
});

test('row security on the target', async () => {
  await using to = await createTestDatabase();
  await using from = await createTestDatabase();
  const user = await to.createRole();
  const target = `${table}; ALTER TABLE public.t ENABLE ROW LEVEL SECURITY; GRANT ALL ON public.t TO "${user}"; CREATE SCHEMA lockstep AUTHORIZATION "${user}"`;
  expect(summary(await check({ source: table, target, user, databases: { from, to } }))).toEqual([
    'error rows-hidden public.t',
  ]);
});

test('views and foreign tables are no targets', async () => {
  const target = 'CREATE VIEW public.t AS SELECT 1 AS id, NULL::text AS name';
  expect(summary(await check({ source: table, target }))).toEqual([
    'error postgres-target-not-a-table public.t',
  ]);
});

test('keys that sort otherwise', async () => {
  const source = 'CREATE TABLE public.t (id text COLLATE "C" PRIMARY KEY)';
  const target = 'CREATE TABLE public.t (id text COLLATE "und-x-icu" PRIMARY KEY)';
  const findings = await check({ source, target });
  expect(summary(findings)).toEqual(['info postgres-collation-differs public.t.id']);
});

test('what a created target will not have', async () => {
  const source = `CREATE TABLE public.t (id int PRIMARY KEY, at int) PARTITION BY RANGE (id); GRANT SELECT ON public.t TO PUBLIC;
    ALTER TABLE public.t ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON public.t USING (true);
    CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER fires BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();
    CREATE FUNCTION public.g() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER TABLE public.t ALTER at SET DEFAULT public.g()`;
  const findings = await check({ source });
  expect(findings.every(({ level, code }) => level === 'warning' && code === 'postgres-not-copied')).toBe(
    true,
  );
  expect(findings.map(({ message }) => /^public.t: (.*) will not be/.exec(message)?.[1])).toEqual([
    'the default of column at',
    'triggers fires',
    'policies mine',
    'grants to PUBLIC',
    'the division by RANGE (id)',
  ]);
});

test('types that can’t be made at the destination', async () => {
  await using to = await createTestDatabase();
  await using from = await createTestDatabase();
  await to.query('CREATE SCHEMA other; CREATE EXTENSION citext WITH SCHEMA other');
  const source =
    'CREATE EXTENSION citext; CREATE TABLE public.row (id int); CREATE TABLE public.t (id int PRIMARY KEY, a citext, b public.row)';
  const findings = await check({ source, databases: { from, to } });
  expect(summary(findings).filter((line) => line.startsWith('error'))).toEqual([
    'error postgres-type-missing public.t',
    'error postgres-type-missing public.t',
  ]);
});

test('a pending key is not missed', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE public.s (id int PRIMARY KEY); CREATE TABLE public.t (id int)');
  await using session = await openOn(db);
  const existing = await describeNamed(session, 't');
  const plan = {
    ...planOf({ source: await describeNamed(session, 's'), existing, target: 'public.t' }),
    targetShape: toShape(existing),
  };
  const options = { user: 'postgres', address: 'test', defaultSchema: 'public', stateSchema: 'lockstep' };
  expect(summary(await checkDestination(session, [plan], options))).toEqual([
    'error key-not-unique public.t',
  ]);
  expect(await checkDestination(session, [plan], { ...options, keysPending: new Set(['public.t']) })).toEqual(
    [],
  );
});

test('one table under two spellings is the same collection', () => {
  const identity = { connector: 'postgres', id: '1/shop', label: '' };
  const one = { identity, collection: 'users', defaultSchema: 'public' };
  expect(isSameCollection(one, { ...one, collection: '"public".users', defaultSchema: 'x' })).toBe(true);
  expect(isSameCollection(one, { ...one, defaultSchema: 'app' })).toBe(false);
  expect(isSameCollection(one, { ...one, identity: { ...identity, id: '2/shop' } })).toBe(false);
});
