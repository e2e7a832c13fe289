import { expect, test } from 'vitest';
import { openLivePair } from './live-pair.ts';

const table = (name: string) => `CREATE TABLE ${name} (id int PRIMARY KEY, name text)`;

test('a new table that matches a pattern joins, is created and filled', async () => {
  await using pair = await openLivePair();
  await pair.source.query(table('first'));
  await using running = await pair.start({
    collections: ['public.*'],
    create: true,
    drift: { tableAdded: 'follow' },
  });
  await pair.source.query(
    `${table('second')}; INSERT INTO second SELECT n, 'n' FROM generate_series(1, 100) n`,
  );
  await running.until(
    'it is filled',
    async () =>
      (await pair.target.query(`SELECT to_regclass('second') AS known`)).rows[0]?.['known'] !== null,
  );
  await pair.source.query(`INSERT INTO second VALUES (200, 'after'); INSERT INTO first VALUES (1, 'x')`);
  await running.inStep();
  expect(await pair.expectSame('second')).toBe(101);
  expect(await pair.expectSame('first')).toBe(1);
});

test('by default it is told once and left alone; one that can’t join never stops the others', async () => {
  await using pair = await openLivePair();
  await pair.both(table('first'));
  await using running = await pair.start({ collections: ['public.*'] });
  await pair.source.query(table('second'));
  const told = () =>
    running.told.notice?.filter(({ message }) => message.includes('public.second is new')) ?? [];
  await running.until('it is told', () => told().length > 0);
  expect(told()[0]?.message).toContain('it can’t join');
  await pair.source.query(`INSERT INTO first VALUES (1, 'flows')`);
  await running.until(
    'the other flows',
    async () => (await pair.target.query('SELECT FROM first')).rows.length === 1,
  );
  expect(told()).toHaveLength(1);
});
