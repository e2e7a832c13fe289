import { expect, test } from 'vitest';
import { createTestDatabase } from '../../../support/postgres.ts';
import type { PlanInput } from '../support.ts';
import { check, summary } from './check-case.ts';

const table = 'CREATE TABLE public.t (id int PRIMARY KEY, name text)';

const misspelt: readonly (readonly [what: string, config: PlanInput['config'], message: RegExp])[] = [
  [
    'a scope',
    { scope: { where: 'nmae IS NULL' } },
    /`scope.where` is not understood by the destination: .*nmae/,
  ],
  ['a scope that is no condition', { scope: { where: 'id +' } }, /`scope.where` .*: syntax error/],
  ['a scope that is none either', { scope: { where: 'id + 1' } }, /`scope.where` .*must be type boolean/],
  [
    'what is set, its condition, and what is set back',
    { leaving: { mark: { set: { goen: 'true' }, marked: 'goen', clear: { own: 'fales' } } } },
    /`marked` of `leaving` .*goen.*`set` of `leaving` .*goen.*`clear` of `leaving` .*fales/s,
  ],
  [
    'what is set of another type',
    { leaving: { mark: { set: { own: '7' }, marked: 'own', clear: {} } } },
    /`set` .*type boolean/,
  ],
  [
    'a statement, and its condition',
    {
      leaving: {
        custom: {
          statement: 'DELETE FROM public.t USING leaving AS l WHERE t.id = l.ident',
          absent: 'fales',
        },
      },
    },
    /`absent` of `leaving` .*fales.*`statement` of `leaving` .*ident/s,
  ],
];

test.each(misspelt)('what the configuration says in SQL: %s', async (_, config, message) => {
  const target = 'CREATE TABLE public.t (id int PRIMARY KEY, name text, own bool)';
  const findings = await check({ source: table, target, plan: { config } });
  expect(new Set(summary(findings))).toEqual(new Set(['error expression-invalid public.t']));
  expect(findings.map((found) => found.message).join('\n')).toMatch(message);
});

test('what the configuration says in SQL, as it is to be: nothing of it is run, and nothing stays', async () => {
  await using to = await createTestDatabase();
  await using from = await createTestDatabase();
  const databases = { from, to };
  await to.query(`CREATE TABLE public.t (id int PRIMARY KEY, name text, own bool); CREATE TABLE public.log (id int);
    CREATE PROCEDURE public.note() LANGUAGE sql AS 'INSERT INTO public.log VALUES (1)'`);
  const scope = { where: 't.name IS NULL -- and no more' };
  const mark = { set: { own: 'true' }, marked: 'own', clear: { own: 'NULL' } };
  expect(await check({ source: table, databases, plan: { config: { scope, leaving: { mark } } } })).toEqual(
    [],
  );
  for (const statement of [
    'WITH gone AS (DELETE FROM public.t USING leaving WHERE t.id = leaving.id RETURNING t.id) INSERT INTO public.log SELECT id FROM gone',
    'CALL public.note()',
    'INSERT INTO public.log SELECT id FROM leaving; DELETE FROM public.t WHERE id IN (SELECT id FROM leaving)',
  ]) {
    const custom = { statement, absent: 'false', clear: { own: 'false' } };
    expect(await check({ source: table, databases, plan: { config: { leaving: { custom } } } })).toEqual([]);
  }
  const { rows } = await to.query(
    `SELECT (SELECT count(*)::int FROM public.log) AS logged, to_regclass('pg_temp.leaving') AS left`,
  );
  expect(rows).toEqual([{ logged: 0, left: null }]);
});

test('what the configuration says in SQL is no fault of it where only a right is lacking', async () => {
  await using to = await createTestDatabase();
  await using from = await createTestDatabase();
  const user = await to.createRole();
  await to.query(`CREATE SCHEMA lockstep AUTHORIZATION "${user}"; CREATE SCHEMA shut; CREATE SCHEMA archive; CREATE TABLE archive.log (id int);
    REVOKE TEMP ON DATABASE "${to.name}" FROM PUBLIC; CREATE TABLE shut.t (id int PRIMARY KEY, name text)`);
  const custom = { statement: 'INSERT INTO archive.log SELECT id FROM leaving', absent: `name = ''` };
  const given = { source: table, user, databases: { from, to } };
  const plan = { target: 'shut.t', config: { scope: { where: 'id > 0' }, leaving: { custom } } };
  const findings = await check({ ...given, plan: { ...plan, create: false } });
  expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(['permission-denied']));
  for (const { cure } of findings) await to.query(cure);
  const [elsewhere, ...more] = await check({ ...given, plan: { ...plan, create: false } });
  expect(more).toEqual([]);
  expect(elsewhere).toMatchObject({ code: 'permission-denied', message: expect.stringContaining('archive') });
});
