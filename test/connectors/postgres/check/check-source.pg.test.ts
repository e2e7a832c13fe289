import { expect, test } from 'vitest';
import { checkSource } from '../../../../src/connectors/postgres/check/check-source.ts';
import type { Finding } from '../../../../src/protocol/finding.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { openOn } from '../support.ts';

async function check(
  db: TestDatabase,
  collections: readonly string[],
  login?: { readonly user: string },
): Promise<Finding[]> {
  await using session = await openOn(db, login);
  return await checkSource(session, collections, {
    user: login?.user ?? 'postgres',
    address: 'test',
    defaultSchema: 'public',
  });
}

const summary = (findings: readonly Finding[]) =>
  findings.map(({ level, code, subject }) => `${level} ${code} ${subject}`);

test.each([17, 18] as const)('a plain table on %i gives no findings', async (version) => {
  await using db = await createTestDatabase({ version });
  await db.query('CREATE TABLE public.users (id bigint PRIMARY KEY, name text)');
  expect(await check(db, ['users', 'public.users'])).toEqual([]);
});

test('an unknown collection names the nearest one', async () => {
  await using db = await createTestDatabase();
  await db.query('CREATE SCHEMA app; CREATE TABLE app.orders (id int PRIMARY KEY)');
  const [finding, ...more] = await check(db, ['app.order']);
  expect(finding).toMatchObject({
    level: 'error',
    code: 'collection-unknown',
    message: expect.stringContaining('did you mean app.orders?'),
  });
  expect(more).toEqual([]);
});

test('a missing right comes with its GRANT', async () => {
  await using db = await createTestDatabase();
  const user = await db.createRole();
  await db.query(`CREATE SCHEMA app; CREATE TABLE app."Or ders" (id int PRIMARY KEY, secret text); CREATE TABLE public.t (id int PRIMARY KEY, secret text);
    GRANT SELECT (id) ON public.t TO "${user}"`);
  const findings = await check(db, ['app.Or ders', 't'], { user });
  expect(findings.map(({ code, cure }) => [code, cure])).toEqual([
    ['permission-denied', `GRANT USAGE ON SCHEMA "app" TO "${user}";`],
    ['permission-denied', `GRANT SELECT ON "app"."Or ders" TO "${user}";`],
    ['permission-denied', `GRANT SELECT ON "public"."t" TO "${user}";`],
  ]);
  for (const { cure } of findings) await db.query(cure);
  expect(await check(db, ['app.Or ders', 't'], { user })).toEqual([]);
});

test('only the columns that are read need a right', async () => {
  await using db = await createTestDatabase();
  const user = await db.createRole();
  await db.query(
    `CREATE TABLE public.t (id int PRIMARY KEY, name text, secret text); GRANT SELECT (id) ON public.t TO "${user}"`,
  );
  await using session = await openOn(db, { user });
  const options = { user, address: 'test', defaultSchema: 'public' };
  expect(await checkSource(session, ['t'], { ...options, columns: new Map([['t', ['id']]]) })).toEqual([]);
  const [finding] = await checkSource(session, ['t'], {
    ...options,
    columns: new Map([['t', ['id', 'name']]]),
  });
  expect(finding?.cure).toBe(`GRANT SELECT ("name") ON "public"."t" TO "${user}";`);
});

test('row security that hides rows is an error, and none for whoever it does not apply to', async () => {
  await using db = await createTestDatabase();
  const user = await db.createRole();
  await db.query(`CREATE TABLE public.t (id int PRIMARY KEY); GRANT SELECT ON public.t TO "${user}";
    ALTER TABLE public.t ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON public.t USING (id > 5)`);
  expect(summary(await check(db, ['t'], { user }))).toEqual(['error rows-hidden public.t']);
  expect(await check(db, ['t'])).toEqual([]);
});

test('no key, and keys that do not hold for every row', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE public.none (id int);
    CREATE TABLE public.loose (a int UNIQUE, b int NOT NULL, c int NOT NULL UNIQUE DEFERRABLE);
    CREATE UNIQUE INDEX ON public.loose (b) WHERE b > 0; CREATE UNIQUE INDEX ON public.loose ((b + 1));
    CREATE TABLE public.fine (a int, b int NOT NULL UNIQUE)`);
  expect(summary(await check(db, ['none', 'loose', 'fine']))).toEqual([
    'warning key-missing public.none',
    'warning key-missing public.loose',
  ]);
});

test('the order of text keys', async () => {
  await using db = await createTestDatabase({ locale: { provider: 'icu', name: 'de' } });
  await db.query(`CREATE TABLE public.a (id text PRIMARY KEY); CREATE TABLE public.b (id text COLLATE "C" PRIMARY KEY);
    CREATE TABLE public.c (id text COLLATE "und-x-icu" PRIMARY KEY)`);
  const findings = await check(db, ['a', 'b', 'c']);
  expect(summary(findings)).toEqual([
    'info postgres-key-unordered public.a.id',
    'info postgres-key-unordered public.c.id',
  ]);
  expect(findings[0]?.message).toContain('of the database (de)');
});

test('views, foreign tables, unlogged tables, heirs', async () => {
  await using db = await createTestDatabase();
  await db.query(`CREATE TABLE public.t (id int PRIMARY KEY); CREATE VIEW public.v AS SELECT * FROM public.t;
    CREATE MATERIALIZED VIEW public.m AS SELECT * FROM public.t; CREATE UNIQUE INDEX ON public.m (id);
    CREATE UNLOGGED TABLE public.u (id int PRIMARY KEY); CREATE TABLE public.heir () INHERITS (public.t);
    CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; CREATE FOREIGN TABLE public.f (id int) SERVER far`);
  const findings = await check(db, ['t', 'v', 'm', 'u', 'f']);
  expect(summary(findings)).toEqual([
    'warning postgres-inheritance public.t',
    'warning postgres-not-a-table public.v',
    'warning key-missing public.v',
    'warning postgres-not-a-table public.m',
    'warning key-missing public.m',
    'warning postgres-unlogged public.u',
    'warning postgres-not-a-table public.f',
    'warning key-missing public.f',
  ]);
});

test('a sequence that can’t be read', async () => {
  await using db = await createTestDatabase();
  const user = await db.createRole();
  await db.query(`CREATE TABLE public.t (id serial PRIMARY KEY); GRANT SELECT ON public.t TO "${user}"`);
  const [finding] = await check(db, ['t'], { user });
  expect(finding).toMatchObject({
    level: 'info',
    code: 'postgres-sequence-unreadable',
    subject: 'public.t.id',
  });
  await db.query(finding?.cure ?? '');
  expect(await check(db, ['t'], { user })).toEqual([]);
});
