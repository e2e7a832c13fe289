import { expect, test } from 'vitest';
import { openPair, type Pair } from './pair.ts';

const tables = 'CREATE TABLE people (id int PRIMARY KEY, phone text NOT NULL UNIQUE)';
const source = 'CREATE TABLE people (id int PRIMARY KEY, phone text NOT NULL)';

const settings = {
  collections: {
    people: {
      scope: { where: 'id < 1000' },
      alternatives: { phone: ({ id }: { readonly id?: unknown }) => [`alt ${id}`, `more ${id}`] },
    },
  },
};

async function phones({ target }: Pair): Promise<Readonly<Record<number, string>>> {
  const { rows } = await target.query<{ id: number; phone: string }>('SELECT * FROM people ORDER BY id');
  return Object.fromEntries(rows.map(({ id, phone }) => [id, phone]));
}

test('a row whose unique value is taken gets the next one, the lowest key its own, and comparing says equal', async () => {
  await using pair = await openPair();
  await pair.source.query(
    `${source}; INSERT INTO people VALUES (3, 'p'), (2, 'p'), (1, 'p'), (4, 'q'), (5, 'r')`,
  );
  await pair.target.query(`${tables}; INSERT INTO people VALUES (1001, 'q'), (1002, 'alt 4')`);
  const engine = await pair.engine(settings);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  expect(await phones(pair)).toEqual({
    1: 'p',
    2: 'alt 2',
    3: 'alt 3',
    4: 'more 4',
    5: 'r',
    1001: 'q',
    1002: 'alt 4',
  });
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});

test('comparing accepts an alternative only while the value before it is held by a lower key or a row of others', async () => {
  await using pair = await openPair();
  await pair.source.query(`${source}; INSERT INTO people VALUES (1, 'p'), (2, 'p'), (4, 'q')`);
  await pair.target.query(
    `${tables}; INSERT INTO people VALUES (1001, 'q'), (1, 'alt 1'), (2, 'p'), (4, 'alt 4')`,
  );
  const engine = await pair.engine(settings);
  const [found] = (await engine.verify('it')).collections;
  expect(found).toMatchObject({ equal: false, different: 1, samples: { different: ['["1"]'] } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await phones(pair)).toEqual({ 1: 'p', 2: 'alt 2', 4: 'alt 4', 1001: 'q' });
  await pair.target.query(`UPDATE people SET phone = 'other' WHERE id = 1001`);
  expect((await engine.verify('it')).collections).toMatchObject([
    { different: 1, samples: { different: ['["4"]'] } },
  ]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await phones(pair)).toMatchObject({ 4: 'q' });
});

test('a row for which nothing is left becomes a dead letter', async () => {
  await using pair = await openPair();
  await pair.source.query(`${source}; INSERT INTO people VALUES (1, 'p'), (2, 'q')`);
  await pair.target.query(
    `${tables}; INSERT INTO people VALUES (1001, 'p'), (1002, 'alt 1'), (1003, 'more 1')`,
  );
  const engine = await pair.engine(settings);
  expect(await engine.run('it')).toMatchObject({ result: 'pending', deadLetters: 1 });
  expect(await phones(pair)).toMatchObject({ 2: 'q' });
});

test('a column without a unique index can have no alternatives', async () => {
  await using pair = await openPair();
  await pair.both('CREATE TABLE people (id int PRIMARY KEY, phone text NOT NULL, UNIQUE (id, phone))');
  const engine = await pair.engine(settings);
  const [checked] = await engine.check('it');
  expect(checked?.findings.filter(({ level }) => level === 'error')).toMatchObject([
    { code: 'alternatives-not-unique' },
  ]);
});

test('a column that is not written can have no alternatives', async () => {
  await using pair = await openPair();
  await pair.both(tables);
  const engine = await pair.engine({ collections: { people: { alternatives: { fax: () => [] } } } });
  const [checked] = await engine.check('it');
  expect(checked?.findings).toMatchObject([{ code: 'column-unknown' }]);
});

test('a staged refresh gives values to whom they belong, in one step, and takes that back in one', async () => {
  await using pair = await openPair();
  await pair.source.query(`${source}; INSERT INTO people VALUES (1, 'p'), (2, 'p'), (3, 'q'), (4, 'r')`);
  await pair.target.query(`${tables}; INSERT INTO people VALUES (1001, 'r')`);
  const engine = await pair.engine(settings);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  const before = { 1: 'p', 2: 'alt 2', 3: 'q', 4: 'alt 4', 1001: 'r' };
  expect(await phones(pair)).toEqual(before);
  // One frees a value that another waits for, one comes that has the better right, and one wants what a row of others holds.
  await pair.source.query(`UPDATE people SET phone = 'own' WHERE id = 1; UPDATE people SET phone = 'alt 2' WHERE id = 3;
    INSERT INTO people VALUES (0, 'own'), (6, 'r')`);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  const after = { 0: 'own', 1: 'alt 1', 2: 'p', 3: 'alt 2', 4: 'alt 4', 6: 'alt 6', 1001: 'r' };
  expect(await phones(pair)).toEqual(after);
  const [newest] = (await engine.generations('it')).generations;
  expect(newest).toMatchObject({ state: 'promoted', canRollBack: true });
  expect(await engine.verify('it')).toMatchObject({ equal: true });
  await engine.rollBackGeneration('it');
  expect(await phones(pair)).toEqual(before);
});

test.each(['direct', 'generation'] as const)(
  'a value whose holder leaves in the same run goes to whom it belongs (refresh by %s)',
  async (by) => {
    await using pair = await openPair();
    await pair.source.query(`${source}; INSERT INTO people VALUES (1, 'a'), (4, 'r'), (5, 's'), (6, 't')`);
    await pair.target.query(tables);
    const engine = await pair.engine({
      ...settings,
      guard: { maxLeavingShare: 1 },
      ...(by === 'direct' ? { refresh: { by } } : {}),
    });
    expect(await engine.run('it')).toMatchObject({ result: 'equal' });
    await pair.source.query(`DELETE FROM people WHERE id IN (1, 5); UPDATE people SET phone = 's' WHERE id = 4;
      UPDATE people SET phone = 'a' WHERE id = 6`);
    expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
    expect(await phones(pair)).toEqual({ 4: 's', 6: 'a' });
    expect(await engine.verify('it')).toMatchObject({ equal: true });
  },
);
