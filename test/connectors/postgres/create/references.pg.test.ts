import { expect, test } from 'vitest';
import {
  ensureCreated,
  ensureKeys,
  ensureReferences,
} from '../../../../src/connectors/postgres/create/ensure.ts';
import { previewSteps } from '../../../../src/connectors/postgres/create/preview.ts';
import type { Session } from '../../../../src/connectors/postgres/session/session.ts';
import type { CollectionPlan } from '../../../../src/protocol/mapping.ts';
import { failure } from '../../../postgres/support.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { comparable, describeNamed, ensureOptions, openOn, planOf } from '../support.ts';

const tables = `
CREATE TABLE public.teams (id int PRIMARY KEY, leader int);
CREATE TABLE public.people (id int PRIMARY KEY, team int REFERENCES public.teams ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
  code text, region text, UNIQUE (region, code));
ALTER TABLE public.teams ADD CONSTRAINT led FOREIGN KEY (leader) REFERENCES public.people ON DELETE SET NULL;
CREATE TABLE public.badges (id int PRIMARY KEY, region text, code text, FOREIGN KEY (region, code) REFERENCES public.people (region, code) MATCH FULL);`;

const names = ['teams', 'people', 'badges'];

async function plansFor(
  reading: Session,
  targets: Readonly<Record<string, string>> = {},
): Promise<CollectionPlan[]> {
  const plans: CollectionPlan[] = [];
  for (const name of names) {
    plans.push(
      planOf({ source: await describeNamed(reading, name), target: targets[name] ?? `public.${name}` }),
    );
  }
  return plans;
}

interface Both extends AsyncDisposable {
  readonly reading: Session;
  readonly writing: Session;
  readonly target: TestDatabase;
}

/** A source with the tables, an empty target, and a session on each. */
async function openBoth(): Promise<Both> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  const target = opened.use(await createTestDatabase());
  await source.query(tables);
  const reading = opened.use(await openOn(source));
  const writing = opened.use(await openOn(target));
  const kept = opened.move();
  return { reading, writing, target, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function createAll(writing: Session, plans: readonly CollectionPlan[]): Promise<void> {
  for (const plan of plans) await ensureCreated(writing, plan, ensureOptions);
  for (const plan of plans) await ensureKeys(writing, plan, ensureOptions);
}

test('foreign keys in a circle, over several columns, deferred', async () => {
  await using both = await openBoth();
  const { reading, writing } = both;
  const plans = await plansFor(reading);
  await createAll(writing, plans);
  for (const plan of plans) await ensureReferences(writing, plan, { ...ensureOptions, plans });
  for (const name of names) {
    expect(comparable(await describeNamed(writing, name))).toEqual(
      comparable(await describeNamed(reading, name)),
    );
  }
  for (const plan of plans)
    expect(await ensureReferences(writing, plan, { ...ensureOptions, plans })).toEqual([]);
});

test('foreign keys follow their tables to other names', async () => {
  await using both = await openBoth();
  const { reading, writing } = both;
  const plans = await plansFor(reading, { people: 'crm.persons' });
  const preview = await previewSteps(writing, plans, ensureOptions);
  await createAll(writing, plans);
  for (const plan of plans) await ensureReferences(writing, plan, { ...ensureOptions, plans });
  expect((await describeNamed(writing, 'badges')).references[0]).toMatchObject({
    schema: 'crm',
    table: 'persons',
  });
  expect(preview.filter(({ what }) => what.includes('the foreign key'))).toHaveLength(6);
});

test('a foreign key whose table or key is missing is left out and said', async () => {
  await using both = await openBoth();
  const { reading, target, writing } = both;
  await target.query('CREATE TABLE public.people (id int PRIMARY KEY, region text, code text)');
  const [, people, badges] = await plansFor(reading, { people: 'public.persons' });
  if (people === undefined || badges === undefined) throw new Error('no plans');
  for (const plan of [people, badges]) await ensureCreated(writing, plan, ensureOptions);
  const plans = [people];
  expect(await ensureReferences(writing, people, { ...ensureOptions, plans })).toEqual([
    {
      what: 'Left out of public.persons: the foreign key people_team_fkey, because the destination has no table public.teams',
      statement: null,
    },
  ]);
  const [step] = await ensureReferences(writing, badges, { ...ensureOptions, plans: [badges] });
  expect(step?.what).toContain('public.people has no unique key (region, code)');
});

test('rows that refer to nothing: reference-missing, and no half-made key stays', async () => {
  await using both = await openBoth();
  const { reading, target, writing } = both;
  const plans = await plansFor(reading);
  await createAll(writing, plans);
  await target.query('INSERT INTO public.teams VALUES (1, 77)');
  const [teams] = plans;
  if (teams === undefined) throw new Error('no plans');
  await failure(ensureReferences(writing, teams, { ...ensureOptions, plans }), 'reference-missing');
  expect((await describeNamed(writing, 'teams')).references).toEqual([]);
  await target.query('DELETE FROM public.teams');
  await ensureReferences(writing, teams, { ...ensureOptions, plans });
  expect((await describeNamed(writing, 'teams')).references).toMatchObject([
    { name: 'led', validated: true },
  ]);
});

test('a foreign key that was added and not validated is validated by the repeat', async () => {
  await using both = await openBoth();
  const { reading, target, writing } = both;
  const plans = await plansFor(reading);
  await createAll(writing, plans);
  await target.query(
    'ALTER TABLE public.teams ADD CONSTRAINT led FOREIGN KEY (leader) REFERENCES public.people ON DELETE SET NULL NOT VALID',
  );
  const [teams] = plans;
  if (teams === undefined) throw new Error('no plans');
  const steps = await ensureReferences(writing, teams, { ...ensureOptions, plans });
  expect(steps.map(({ what }) => what)).toEqual(['Validate the foreign key led']);
});
