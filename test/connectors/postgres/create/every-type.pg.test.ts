import { expect, test } from 'vitest';
import { ensureCreated, ensureKeys } from '../../../../src/connectors/postgres/create/ensure.ts';
import { formatName } from '../../../../src/connectors/postgres/names.ts';
import { baseValues, createEveryType, unenterable } from '../../../support/every-type.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { comparable, describeNamed, ensureOptions, openOn, planOf } from '../support.ts';
import { typesPage } from './types-page.ts';

/** Base types that are no arrays, and whether a column may have them. */
async function baseTypes(db: TestDatabase): Promise<Map<string, string | null>> {
  const { rows } = await db.query<{ typname: string; array: boolean }>(`
    SELECT t.typname, t.typarray <> 0 AS array FROM pg_type t WHERE t.typtype = 'b'
      AND NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid) ORDER BY 1`);
  const refusals = new Map<string, string | null>();
  for (const { typname, array } of rows) {
    const type = `pg_catalog."${typname}"`;
    const made = db.query(`CREATE TABLE public."try ${typname}" (x ${type}${array ? `, y ${type}[]` : ''})`);
    refusals.set(
      typname,
      await made.then(
        () => null,
        (error: Error) => error.message,
      ),
    );
  }
  return refusals;
}

test.each([17, 18] as const)(
  'every base type of PostgreSQL %i has sample values or a reason why it has none',
  async (version) => {
    await using db = await createTestDatabase({ version });
    const types = await baseTypes(db);
    expect([...types].filter(([, refusal]) => refusal !== null)).toEqual([]);
    expect([...types.keys()].toSorted()).toEqual(
      [...Object.keys(baseValues), ...Object.keys(unenterable)].toSorted(),
    );
  },
);

test.each([17, 18] as const)('the excluded types of PostgreSQL %i take no value', async (version) => {
  await using db = await createTestDatabase({ version });
  for (const type of Object.keys(unenterable)) {
    await expect(db.query(`SELECT ''::pg_catalog."${type}"`), type).rejects.toThrow(/cannot accept a value/);
  }
});

test('the page of types lists what the fixture covers', async () => {
  await expect(typesPage()).toMatchFileSnapshot('../../../../docs/reference/postgres-types.md');
});

test.each([
  [17, 17],
  [17, 18],
  [18, 18],
] as const)('a table with every type, made on %i, is made alike on %i', async (from, to) => {
  await using source = await createTestDatabase({ version: from });
  await using target = await createTestDatabase({ version: to });
  const { schema, table } = await createEveryType(source);
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  const described = await describeNamed(reading, formatName({ schema, table }));
  const plan = planOf({ source: described });
  await ensureCreated(writing, plan, ensureOptions);
  await ensureKeys(writing, plan, ensureOptions);
  const made = await describeNamed(writing, plan.target);
  expect(comparable(made)).toEqual(comparable(described));
});

test('virtual columns are stored on a server that has none', async () => {
  await using source = await createTestDatabase({ version: 18 });
  await using target = await createTestDatabase({ version: 17 });
  const { schema, table } = await createEveryType(source);
  await using reading = await openOn(source);
  await using writing = await openOn(target);
  const plan = planOf({ source: await describeNamed(reading, formatName({ schema, table })) });
  await ensureCreated(writing, plan, ensureOptions);
  const made = await describeNamed(writing, plan.target);
  expect(made.columns.find(({ name }) => name === 'virtual')?.generated).toBe('s');
  expect(made.columns).toHaveLength(plan.sourceShape.columns.length);
});
