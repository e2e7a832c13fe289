import { expect, test } from 'vitest';
import { openLivePair } from './live-pair.ts';
import { captures } from './support/live-trial.ts';

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

const misfits = {
  'has another type': 'CREATE TABLE second (id int PRIMARY KEY, name int)',
  'requires a column': 'CREATE TABLE second (id int PRIMARY KEY, name text, more int NOT NULL)',
};
test.each(Object.entries(misfits))(
  'with `pause` a new table whose target %s waits, also over a restart',
  { timeout: 60_000 },
  async (_, misfit) => {
    await using pair = await openLivePair();
    await pair.both(table('first'));
    const settings = { collections: ['public.*'], drift: { tableAdded: 'pause' } } as const;
    await using running = await pair.start(settings);
    await running.stop();
    await pair.source.query(`${table('second')}; INSERT INTO second VALUES (1, 'early')`);
    await pair.target.query(misfit);
    await using restarted = await pair.begin(settings);
    await pair.source.query(`INSERT INTO first VALUES (1, 'flows')`);
    await restarted.until(
      'the other flows',
      async () => (await pair.target.query('SELECT FROM first')).rows.length === 1,
    );
    const told = () => restarted.told.status?.at(-1);
    await restarted.until('it is degraded', () => told()?.status === 'degraded');
    expect(told()?.reason).toContain('public.second is new and matches a pattern');
    await pair.target.query(`DROP TABLE second; ${table('second')}`);
    await restarted.inStep();
    expect(await pair.expectSame('second')).toBe(1);
  },
);

test.each(captures)(
  'with %s and `pause` a new table joins once its target is made, by the statements that are told, also after a restart',
  { timeout: 60_000 },
  async (capture) => {
    await using pair = await openLivePair({ capture });
    await pair.both(table('first'));
    const settings = { collections: ['public.*'], create: true, drift: { tableAdded: 'pause' } } as const;
    await using running = await pair.start(settings);
    await pair.source.query(`${table('second')}; INSERT INTO second VALUES (1, 'early')`);
    const told = () => running.told.status?.at(-1);
    await running.until('it is degraded', () => told()?.status === 'degraded');
    expect(told()?.reason).toContain('public.second is new and matches a pattern');
    await pair.source.query(`INSERT INTO first VALUES (1, 'flows')`);
    await running.until(
      'the other flows',
      async () => (await pair.target.query('SELECT FROM first')).rows.length === 1,
    );
    await running.stop();
    await using restarted = await pair.begin(settings);
    await restarted.until('it is degraded still', () => restarted.told.status?.at(-1)?.status === 'degraded');
    const { rows } = await pair.target.query(`SELECT to_regclass('second') AS known`);
    expect(rows[0]?.['known']).toBeNull();
    const step = restarted.told.status?.at(-1)?.nextStep ?? '';
    const statements = /at the destination: (.*)\. Then it joins by itself/s.exec(step)?.[1] ?? '';
    expect(statements).toContain('CREATE TABLE');
    await pair.target.query(statements);
    await restarted.until('it is relieved', () => restarted.told.status?.at(-1)?.status === 'live');
    await pair.source.query(`INSERT INTO second VALUES (2, 'late')`);
    await restarted.inStep();
    expect(await pair.expectSame('second')).toBe(2);
  },
);
