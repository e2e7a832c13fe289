import { expect, test } from 'vitest';
import { probe } from '../../../src/recipes/quickstart/demo/probe.ts';
import { createTestDatabase } from '../../support/postgres.ts';

const letters = 'CREATE SCHEMA shop; CREATE TABLE shop.letters (id int PRIMARY KEY, subject text, body text)';

test('a row that does not arrive in its time is told from one that does', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query(letters);
  await target.query(letters);
  expect(await probe(source, target, { id: 1, withinMs: 50 })).toBeNull();
  expect(await probe(source, source, { id: 2, withinMs: 10_000 })).toBeGreaterThanOrEqual(0);
});
