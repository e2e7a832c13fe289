import { expect, test } from 'vitest';
import { openPair, type Pair } from './pair.ts';
import { nothing, writesOf } from './writes.ts';

/** `code` is unique, and may be null. */
const tables = `
  CREATE TABLE parts (code text UNIQUE, id int UNIQUE, v text);
  CREATE TABLE good (id int PRIMARY KEY, v text)`;

const failures = (column: string, side: string) => [
  {
    collection: 'public.parts',
    code: 'key-null',
    message: expect.stringContaining(`a row of the ${side} has null in ${column}`),
  },
];

async function open(): Promise<Pair> {
  const pair = await openPair();
  for (const side of [pair.source, pair.target]) await side.query(tables);
  await pair.source.query(
    `INSERT INTO parts VALUES ('a', 1, 'x'), ('b', 2, 'y'); INSERT INTO good VALUES (1, 'new')`,
  );
  return pair;
}

const keys = [
  ['text', 'code', `INSERT INTO parts VALUES (NULL, 3, 'z')`],
  ['integer', 'id', `INSERT INTO parts VALUES ('c', NULL, 'z')`],
] as const;

test.each(keys)(
  'a row whose key of type %s is null stops its collection and no other, whether it is copied or compared',
  async (_type, key, insert) => {
    await using pair = await open();
    const engine = await pair.engine({ collections: { parts: { key: [key], scope: 'all' }, good: {} } });
    await pair.source.query(insert);
    const found = failures(key, 'source');
    expect(await engine.run('it'), 'copied').toMatchObject({ result: 'failed', failures: found });
    expect(await pair.expectSame('good')).toBe(1);
    expect((await pair.target.query('SELECT FROM parts')).rows).toHaveLength(0);
    await pair.source.query(`DELETE FROM parts WHERE v = 'z'`);
    expect(await engine.run('it')).toMatchObject({ result: 'equal', failures: [] });
    await pair.source.query(`${insert}; UPDATE parts SET v = 'changed' WHERE v = 'x'`);
    expect(await engine.verify('it')).toMatchObject({ equal: false, failures: found });
    expect(await engine.plan('it')).toMatchObject({ inStep: false, failures: found });
    const run = () => engine.run('it');
    expect(await writesOf(pair.target, 'parts', run), 'compared').toEqual(nothing);
    expect(await run()).toMatchObject({ result: 'failed', failures: found });
  },
);

test('a filter leaves such rows out, also where a function maps the others', async () => {
  await using pair = await open();
  await pair.source.query(`INSERT INTO parts VALUES (NULL, 3, 'z')`);
  const filtered = { key: ['code'], scope: 'all', filter: 'code IS NOT NULL' } as const;
  const map = (row: Readonly<Record<string, unknown>>) => ({ ...row, v: `<${row['v']}>` }) as never;
  expect(await (await pair.engine({ collections: { parts: filtered } })).run('it')).toMatchObject({
    result: 'equal',
  });
  const { filter: _, ...unfiltered } = filtered;
  const mapped = await pair.engine({ collections: { parts: { ...unfiltered, map } } });
  expect(await mapped.run('it')).toMatchObject({ result: 'failed', failures: failures('code', 'source') });
  const both = await pair.engine({ collections: { parts: { ...filtered, map } } });
  expect(await both.run('it')).toMatchObject({ result: 'equal' });
  expect((await pair.target.query('SELECT v FROM parts ORDER BY v')).rows).toEqual([
    { v: '<x>' },
    { v: '<y>' },
  ]);
});

test('a row without a key at the target is told where all rows there are ours, and left alone where not', async () => {
  await using pair = await open();
  const owned = await pair.engine({ collections: { parts: { key: ['code'], scope: 'owned' } } });
  await pair.target.query(`INSERT INTO parts VALUES (NULL, 9, 'theirs')`);
  expect(await owned.run('it')).toMatchObject({ result: 'equal' });
  expect(await owned.verify('it')).toMatchObject({ equal: true });
  expect((await pair.target.query('SELECT FROM parts')).rows).toHaveLength(3);
  const all = await pair.engine({ collections: { parts: { key: ['code'], scope: 'all' } } });
  expect(await all.verify('it')).toMatchObject({ equal: false, failures: failures('code', 'target') });
  const keeping = await pair.engine({
    collections: { parts: { key: ['code'], scope: 'all', leaving: 'keep' } },
  });
  expect(await keeping.verify('it'), 'what is there besides stays').toMatchObject({ equal: true });
});
