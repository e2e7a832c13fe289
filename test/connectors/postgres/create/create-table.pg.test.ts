import { expect, test } from 'vitest';
import type { PgTable } from '../../../../src/connectors/postgres/catalog/pg-table.ts';
import {
  ensureCreated,
  ensureKeys,
  ensureReferences,
} from '../../../../src/connectors/postgres/create/ensure.ts';
import { previewSteps } from '../../../../src/connectors/postgres/create/preview.ts';
import type { Session } from '../../../../src/connectors/postgres/session/session.ts';
import type { CollectionPlan } from '../../../../src/protocol/mapping.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { comparable, describeNamed, ensureOptions, openOn, planOf } from '../support.ts';

const oddSchema = `
CREATE SCHEMA "Odd.Schema";
CREATE TYPE "Odd.Schema"."Mood ü" AS ENUM ('a', 'B');
CREATE TABLE "Odd.Schema"."Tab""le one" (
  "Key One" int, "key.two" text COLLATE "C", "UPPER" "Odd.Schema"."Mood ü" DEFAULT 'B',
  "select" int DEFAULT 3 CHECK ("select" > 0), "漢字" text NOT NULL DEFAULT 'it''s', parent_one int, parent_two text,
  valid tstzrange, serial serial, total int GENERATED ALWAYS AS ("select" * 2) STORED,
  PRIMARY KEY ("Key One", "key.two") INCLUDE ("select"),
  CONSTRAINT "uni que" UNIQUE NULLS NOT DISTINCT ("select", "UPPER"),
  CONSTRAINT later UNIQUE ("漢字") DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT self FOREIGN KEY (parent_one, parent_two) REFERENCES "Odd.Schema"."Tab""le one" ON DELETE SET NULL (parent_two) DEFERRABLE,
  CONSTRAINT apart EXCLUDE USING gist (valid WITH &&) WHERE ("select" > 5)
);
CREATE INDEX "by lower" ON "Odd.Schema"."Tab""le one" (lower("漢字") DESC NULLS LAST, "UPPER") INCLUDE (serial) WHERE "select" > 2;
CREATE UNIQUE INDEX partly ON "Odd.Schema"."Tab""le one" (("select" % 7)) WHERE "UPPER" = 'a';
CREATE INDEX brin ON "Odd.Schema"."Tab""le one" USING brin ("Key One") WITH (pages_per_range = 4);
COMMENT ON TABLE "Odd.Schema"."Tab""le one" IS 'it''s a table';
COMMENT ON COLUMN "Odd.Schema"."Tab""le one"."漢字" IS 'two signs';
COMMENT ON CONSTRAINT "uni que" ON "Odd.Schema"."Tab""le one" IS 'unique';
COMMENT ON CONSTRAINT "Tab""le one_select_check" ON "Odd.Schema"."Tab""le one" IS 'above zero';
COMMENT ON CONSTRAINT self ON "Odd.Schema"."Tab""le one" IS 'to itself';
COMMENT ON INDEX "Odd.Schema"."by lower" IS 'an index';`;

const odd = '"Odd.Schema"."Tab""le one"';

async function makeAll(session: Session, plans: readonly CollectionPlan[]): Promise<void> {
  for (const plan of plans) await ensureCreated(session, plan, ensureOptions);
  for (const plan of plans) await ensureKeys(session, plan, ensureOptions);
  for (const plan of plans) await ensureReferences(session, plan, { ...ensureOptions, plans });
}

test.each([
  [17, 18],
  [18, 17],
] as const)(
  'odd names, keys, indexes, comments and a self-reference of %i arrive on %i',
  async (from, to) => {
    await using source = await createTestDatabase({ version: from });
    await using target = await createTestDatabase({ version: to });
    await source.query(oddSchema);
    await using reading = await openOn(source);
    await using writing = await openOn(target);
    const plan = planOf({ source: await describeNamed(reading, odd) });
    await makeAll(writing, [plan]);
    expect(comparable(await describeNamed(writing, odd))).toEqual(
      comparable(await describeNamed(reading, odd)),
    );
  },
);

test('a preview changes nothing and shows the statements that are run', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query(oddSchema);
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  const plan = planOf({ source: await describeNamed(reading, odd) });
  const preview = await previewSteps(writing, [plan], ensureOptions);
  const nothing = await target.query(`SELECT FROM pg_namespace WHERE nspname = 'Odd.Schema'`);
  expect(nothing.rowCount).toBe(0);
  const run = [
    ...(await ensureCreated(writing, plan, ensureOptions)),
    ...(await ensureKeys(writing, plan, ensureOptions)),
    ...(await ensureReferences(writing, plan, { ...ensureOptions, plans: [plan] })),
  ];
  expect(preview).toEqual(run);
  expect(await previewSteps(writing, [{ ...plan, targetShape: plan.sourceShape }], ensureOptions)).toEqual(
    [],
  );
});

test('stopped after any statement, a repeat completes it', async () => {
  await using source = await createTestDatabase();
  await source.query(oddSchema);
  await using reading = await openOn(source);
  const described = await describeNamed(reading, odd);
  const plan = planOf({ source: described });
  await using first = await createTestDatabase();
  await using measuring = await openOn(first);
  const count = (await previewSteps(measuring, [plan], ensureOptions)).length;
  for (let stop = 0; stop <= count; stop += 3) {
    await using target = await createTestDatabase();
    await using writing = await openOn(target);
    await stopAfter(writing, stop, () => makeAll(writing, [plan]));
    await makeAll(writing, [plan]);
    expect(comparable(await describeNamed(writing, odd)), `stopped after ${stop}`).toEqual(
      comparable(described),
    );
    expect(await ensureKeys(writing, plan, ensureOptions)).toEqual([]);
  }
});

/** Kills the session's transaction at its n-th statement, as a crash would. */
async function stopAfter(session: Session, statements: number, work: () => Promise<void>): Promise<void> {
  const stop = new Error('stopped');
  const execute = session.execute.bind(session);
  let left = statements;
  session.execute = async (text, options) => {
    if (/^(ALTER|CREATE|COMMENT)/.test(text)) {
      if (left === 0) throw stop;
      left -= 1;
    }
    return execute(text, options);
  };
  await work().catch((thrown: unknown) => {
    if (thrown !== stop) throw thrown;
  });
  session.execute = execute;
}

test('mapped columns only, under their new names, in expressions too', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query(`
    CREATE TABLE public.users (id int PRIMARY KEY, first text NOT NULL, last text, secret text UNIQUE, age int CHECK (age > 0),
      label text GENERATED ALWAYS AS (first || ' ' || coalesce(last, '')) STORED,
      hint text GENERATED ALWAYS AS (left(secret, 1)) STORED, CHECK (first <> last), CHECK (length(secret) > 3));
    CREATE INDEX by_name ON public.users (lower(last), first) WHERE age > 18;
    CREATE INDEX by_secret ON public.users (secret);`);
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  const config = {
    columns: {
      key: 'id',
      last: 'first',
      first: 'last',
      years: 'age',
      doubled: { expression: 'age * 2' },
      age: { expression: 'age + 1' },
    },
  };
  const plan = planOf({ source: await describeNamed(reading, 'users'), target: 'app.people', config });
  await makeAll(writing, [plan]);
  const made = await describeNamed(writing, 'app.people');
  expect(made.columns.map(({ name, formatType, generated }) => [name, formatType, generated])).toEqual([
    ['key', 'integer', null],
    ['last', 'text', null],
    ['first', 'text', null],
    ['years', 'integer', null],
    ['doubled', 'text', null],
    ['age', 'text', null],
    ['label', 'text', 's'],
  ]);
  expect(made.columns.find(({ name }) => name === 'label')?.default).toBe(
    `((last || ' '::text) || COALESCE(first, ''::text))`,
  );
  expect(made.checks.map(({ definition }) => definition)).toEqual([
    'CHECK ((years > 0))',
    'CHECK ((last <> first))',
  ]);
  expect(made.indexes.map(({ name, tail }) => [name, tail])).toEqual([
    ['users_pkey', 'USING btree (key)'],
    ['by_name', 'USING btree (lower(first), last) WHERE (years > 18)'],
  ]);
});

test('what the destination can’t have is left out and said', async () => {
  await using source = await createTestDatabase({ version: 18 });
  await using target = await createTestDatabase({ version: 17 });
  await source.query(`
    CREATE FUNCTION public.slug(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
    CREATE COLLATION public.german (provider = icu, locale = 'de');
    CREATE TABLE public.items (id uuid PRIMARY KEY DEFAULT uuidv7(), name text COLLATE public.german DEFAULT public.slug('X'),
      at timestamptz DEFAULT now(), CHECK (public.slug(name) <> ''), CHECK (id IS NOT NULL) NOT ENFORCED);
    CREATE INDEX by_slug ON public.items (public.slug(name));`);
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  const plan = planOf({ source: await describeNamed(reading, 'items') });
  const steps = await ensureCreated(writing, plan, ensureOptions);
  const keys = await ensureKeys(writing, plan, ensureOptions);
  const left = [...steps, ...keys].filter(({ statement }) => statement === null).map(({ what }) => what);
  expect(left).toEqual([
    'Left out of public.items: the default of column id, because the destination has no function uuidv7()',
    'Left out of public.items: the collation of column name, because the destination has no public.german',
    'Left out of public.items: the default of column name, because the destination has no function public.slug(text)',
    'Left out of public.items: the check items_id_check, because the destination has no constraints that are not enforced',
    'Left out of public.items: the check items_name_check, because the destination has no function public.slug(text)',
    'Left out of public.items: the index by_slug, because the destination has no function public.slug(text)',
  ]);
  const made = await describeNamed(writing, 'items');
  expect(made.columns.map((column) => column.default)).toEqual([null, null, 'now()']);
  expect(made.primaryKey?.columns).toEqual(['id']);
});

test('names that are taken get a number, and a repeat knows them again', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query(
    `CREATE TABLE public.users (id serial PRIMARY KEY, name text); CREATE INDEX by_name ON public.users (name)`,
  );
  await target.query(`CREATE TABLE public.other (id serial); CREATE INDEX by_name ON public.other (id);
    CREATE SEQUENCE public.users_id_seq; CREATE TABLE public.users_pkey ()`);
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  const plan = planOf({ source: await describeNamed(reading, 'users') });
  await makeAll(writing, [plan]);
  const made = await describeNamed(writing, 'users');
  expect(made.indexes.map(({ name }) => name)).toEqual(['users_pkey_1', 'by_name_1']);
  expect(made.columns[0]?.sequence).toMatchObject({ name: 'users_id_seq_1', owned: true });
  expect(await ensureKeys(writing, plan, ensureOptions)).toEqual([]);
  expect(await ensureCreated(writing, plan, ensureOptions)).toEqual([]);
});

test('a configured key and a view get a key of their own', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query(
    'CREATE TABLE public.t (id int, name text); CREATE VIEW public.v AS SELECT id, name FROM public.t',
  );
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  const plan = planOf({ source: await describeNamed(reading, 'v'), config: { key: ['id'] } });
  await makeAll(writing, [plan]);
  expect((await describeNamed(writing, 'v')).primaryKey).toMatchObject({
    name: 'v_lockstep_key',
    columns: ['id'],
  });
  expect(await ensureKeys(writing, plan, ensureOptions)).toEqual([]);
});

test('the key alone can be built first', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query('CREATE TABLE public.t (id int PRIMARY KEY, name text UNIQUE)');
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  const plan = planOf({ source: await describeNamed(reading, 't') });
  await ensureCreated(writing, plan, ensureOptions);
  await ensureKeys(writing, plan, { ...ensureOptions, which: 'key' });
  expect((await describeNamed(writing, 't')).indexes.map(({ name }) => name)).toEqual(['t_pkey']);
});

test('a partitioned table becomes one table, and a shared sequence stays shared', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query(`
    CREATE SEQUENCE public.numbers INCREMENT 10;
    CREATE TABLE public.events (id int DEFAULT nextval('public.numbers'), day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE public.events_1 PARTITION OF public.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE public.notes (id int PRIMARY KEY DEFAULT nextval('public.numbers'), code text DEFAULT 'N-' || nextval('public.numbers'));`);
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  const tables: PgTable[] = [await describeNamed(reading, 'events'), await describeNamed(reading, 'notes')];
  expect(tables[0]).toMatchObject({
    kind: 'p',
    partitionKey: 'RANGE (day)',
    partitions: [{ table: 'events_1' }],
  });
  await makeAll(
    writing,
    tables.map((table) => planOf({ source: table })),
  );
  const events = await describeNamed(writing, 'events');
  expect(events).toMatchObject({ kind: 'r', primaryKey: { columns: ['id', 'day'] } });
  const notes = await describeNamed(writing, 'notes');
  const drawn = [...events.columns, ...notes.columns].flatMap(({ sequence }) => sequence?.name ?? []);
  expect(drawn).toEqual(['numbers', 'numbers', 'numbers']);
  expect(notes.columns[1]?.default).toBe(`('N-'::text || nextval('public.numbers'::regclass))`);
});

test('an existing enum gets the labels it lacks, in their places', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query(
    `CREATE TYPE public.mood AS ENUM ('0', 'a', 'b', 'c', 'd'); CREATE TABLE public.t (id int PRIMARY KEY, m public.mood DEFAULT 'd')`,
  );
  await target.query(`CREATE TYPE public.mood AS ENUM ('a', 'c')`);
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  await ensureCreated(writing, planOf({ source: await describeNamed(reading, 't') }), ensureOptions);
  expect((await describeNamed(writing, 't')).userTypes[0]).toMatchObject({
    labels: ['0', 'a', 'b', 'c', 'd'],
  });
});

test('types of an extension come with it', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query(`CREATE SCHEMA ext; CREATE EXTENSION citext WITH SCHEMA ext; CREATE EXTENSION pg_trgm WITH SCHEMA ext;
    CREATE TABLE public.t (id ext.citext PRIMARY KEY, tags ext.citext[]); CREATE INDEX trigrams ON public.t USING gin ((id::text) ext.gin_trgm_ops)`);
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  const plan = planOf({ source: await describeNamed(reading, 't') });
  await ensureCreated(writing, plan, ensureOptions);
  const keys = await ensureKeys(writing, plan, ensureOptions);
  expect(keys.filter(({ statement }) => statement === null).map(({ what }) => what)).toEqual([
    'Left out of public.t: the index trigrams, because the destination has no operator class gin ext.gin_trgm_ops',
  ]);
  const made = await describeNamed(writing, 't');
  expect(made.columns.map(({ formatType }) => formatType)).toEqual(['ext.citext', 'ext.citext[]']);
});

test('two that create the same table at once both succeed', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query(oddSchema);
  await using reading = await openOn(source);
  await using one = await openOn(target);
  await using other = await openOn(target);
  const plan = planOf({ source: await describeNamed(reading, odd) });
  await Promise.all([one, other].map((session) => ensureCreated(session, plan, ensureOptions)));
  expect((await describeNamed(one, odd)).columns).toHaveLength(10);
});

test('whoever lost the pipeline creates nothing', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query('CREATE TABLE public.t (id int PRIMARY KEY)');
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  const plan = planOf({ source: await describeNamed(reading, 't') });
  const fence = () => Promise.reject(new Error('fence lost'));
  await expect(ensureCreated(writing, plan, { ...ensureOptions, fence })).rejects.toThrow('fence lost');
  expect((await target.query(`SELECT FROM pg_class WHERE relname = 't'`)).rowCount).toBe(0);
});
