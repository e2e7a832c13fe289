import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { answerOf, lockstep } from '../cli/lockstep.ts';
import { openPair, type Pair } from './pair.ts';
import { nothing, writesOf } from './writes.ts';

/** Of the composite key and of the view only `id` is the target's key. */
const tables = `
  CREATE TABLE parts (a int, id int, v text, PRIMARY KEY (a, id));
  CREATE TABLE entries (id int, v text);
  CREATE VIEW seen AS SELECT * FROM entries;
  CREATE TABLE good (id int PRIMARY KEY, v text)`;
const targets = `
  CREATE TABLE parts (id int PRIMARY KEY, v text);
  CREATE TABLE seen (id int PRIMARY KEY, v text);
  CREATE TABLE good (id int PRIMARY KEY, v text)`;

const collections = {
  parts: { columns: ['id', 'v'], key: ['id'], scope: 'all' },
  seen: { key: ['id'], scope: 'all' },
  good: { scope: 'all' },
} as const;

const keyed = (...names: readonly string[]) =>
  names.map((name) => ({
    collection: `public.${name}`,
    code: 'key-repeated',
    message: expect.stringContaining('two rows have the same key (id): ["5"]'),
  }));

/** Of key 5 the source has two rows, and the target the last one: nothing differs by key and content. */
async function repeated(pair: Pair): Promise<void> {
  await pair.source.query(`${tables}; INSERT INTO parts VALUES (1, 4, 'x'), (1, 5, 'a'), (2, 5, 'b');
    INSERT INTO entries VALUES (4, 'x'), (5, 'a'), (5, 'b'); INSERT INTO good VALUES (1, 'new')`);
  await pair.target.query(`${targets}; INSERT INTO parts VALUES (4, 'x'), (5, 'b'); INSERT INTO seen VALUES (4, 'x'), (5, 'b');
    INSERT INTO good VALUES (1, 'old')`);
}

test.for(['direct', 'staged'] as const)(
  'a key that two rows of the source have stops its collection, in run, verify and plan, and no other (refresh: %s)',
  async (by) => {
    await using pair = await openPair();
    await repeated(pair);
    const engine = await pair.engine({ collections, refresh: { by } });
    const failures = keyed('parts', 'seen');
    expect(await engine.verify('it')).toMatchObject({ equal: false, failures });
    expect(await engine.plan('it')).toMatchObject({ inStep: false, failures });
    for (const table of ['parts', 'seen'])
      expect(await writesOf(pair.target, table, () => engine.run('it'))).toEqual(nothing);
    expect(await engine.run('it')).toMatchObject({ result: 'failed', failures, deadLetters: 0 });
    expect(await pair.expectSame('good')).toBe(1);
    await pair.source.query(`DELETE FROM parts WHERE a = 2; DELETE FROM entries WHERE v = 'b'`);
    expect(await engine.run('it')).toMatchObject({ result: 'equal', failures: [] });
    expect((await pair.target.query('SELECT v FROM parts ORDER BY id')).rows).toEqual([
      { v: 'x' },
      { v: 'a' },
    ]);
  },
);

test('it is told apart from a row that differs, and whatever its rows hold', async () => {
  await using pair = await openPair();
  await pair.source.query(`CREATE TABLE parts (a int, id int, v text, PRIMARY KEY (a, id));
    INSERT INTO parts SELECT 1, n, 'v' || n FROM generate_series(1, 3000) AS n`);
  await pair.target.query(`CREATE TABLE parts (id int PRIMARY KEY, v text);
    INSERT INTO parts SELECT n, 'v' || n FROM generate_series(1, 3000) AS n`);
  const mapped = {
    columns: ['id', 'v'],
    key: ['id'],
    scope: 'all',
    map: (row: object) => row as never,
  } as const;
  for (const parts of [collections.parts, mapped]) {
    const engine = await pair.engine({ collections: { parts } });
    expect(await engine.verify('it')).toMatchObject({ equal: true });
    await pair.source.query(`INSERT INTO parts VALUES (2, 77, 'v77')`);
    const failures = [{ code: 'key-repeated', message: expect.stringContaining('["77"]') }];
    expect(await engine.verify('it'), 'a row of the same content').toMatchObject({ equal: false, failures });
    await pair.source.query('DELETE FROM parts WHERE a = 2');
  }
});

test('a first copy, in however many pieces, does not write one row of a key over the other', async () => {
  await using pair = await openPair();
  await pair.source.query(`CREATE TABLE parts (a int, id int, v text, PRIMARY KEY (a, id));
    INSERT INTO parts SELECT n / 1000, n, 'v' || n FROM generate_series(1, 3000) AS n; INSERT INTO parts VALUES (9, 5, 'b');
    ANALYZE parts`);
  for (const create of [true, false]) {
    const engine = await pair.engine({
      collections: { parts: { columns: ['id', 'v'], key: ['id'], target: create ? 'made' : 'found' } },
      create,
      rowsPerPartition: 500,
    });
    if (!create) await pair.target.query('CREATE TABLE found (id int PRIMARY KEY, v text)');
    const failures = [{ code: 'key-repeated', message: expect.stringContaining('(id): ["5"]') }];
    expect(await engine.run('it')).toMatchObject({ result: 'failed', failures });
    expect(await engine.run('it')).toMatchObject({ result: 'failed' });
  }
});

test('keys that an expression makes equal, and rows of tables that inherit', async () => {
  await using pair = await openPair();
  await pair.source.query(`CREATE TABLE codes (code text PRIMARY KEY, v int); INSERT INTO codes VALUES ('A', 1), ('a', 2), ('b', 3);
    CREATE TABLE parent (id int PRIMARY KEY, v int); CREATE TABLE child () INHERITS (parent);
    INSERT INTO parent VALUES (1, 1), (2, 2); INSERT INTO child VALUES (2, 3)`);
  await pair.target.query(`CREATE TABLE codes (code text PRIMARY KEY, v int); INSERT INTO codes VALUES ('a', 2), ('b', 3);
    CREATE TABLE parent (id int PRIMARY KEY, v int); INSERT INTO parent VALUES (1, 1), (2, 3)`);
  const engine = await pair.engine({
    collections: {
      codes: { columns: { code: { expression: 'lower(code)' }, v: true }, scope: 'all' },
      parent: { scope: 'all' },
    },
  });
  const failures = [
    { collection: 'public.codes', message: expect.stringContaining('(code): ["a"]') },
    { collection: 'public.parent', message: expect.stringContaining('(id): ["2"]') },
  ];
  expect(await engine.verify('it')).toMatchObject({ equal: false, failures });
  expect((await engine.run('it')).failures.map(({ code }) => code)).toEqual(['key-repeated', 'key-repeated']);
});

test('check says which keys nothing at the source keeps unique, and plan does', async () => {
  await using pair = await openPair();
  await repeated(pair);
  await pair.both('CREATE TABLE coded (id int PRIMARY KEY, code text UNIQUE, v text)');
  const engine = await pair.engine({
    collections: { ...collections, coded: { key: ['code'], scope: 'all' } },
  });
  const [checked] = await engine.check('it');
  expect(checked?.ok).toBe(true);
  const findings = checked?.findings ?? [];
  expect(
    findings.filter(({ code }) => code === 'key-unproven').map(({ level, message }) => [level, message]),
  ).toEqual([
    ['warning', expect.stringMatching(/public\.parts .* \(id\): unique are only a with id$/)],
    ['warning', expect.stringMatching(/public\.seen .* \(id\): it has no key of its own that holds for all/)],
  ]);
  const told: string[] = [];
  engine.events.on('notice', ({ message }) => void told.push(message));
  await engine.plan('it');
  expect(told.filter((message) => message.startsWith('Nothing at the source keeps'))).toHaveLength(2);
});

test('a collection that stopped so is no success', async () => {
  await using pair = await openPair();
  await repeated(pair);
  const sides = {
    source: { connector: 'postgres', url: pair.source.url },
    destination: { connector: 'postgres', url: pair.target.url },
  };
  const config = `export default ${JSON.stringify({ pipelines: { it: { ...sides, collections } } })};`;
  await writeFile(join(pair.directory, 'lockstep.config.mjs'), config);
  for (const command of ['verify', 'run', 'plan']) {
    const result = await lockstep([command, '--json'], { cwd: pair.directory });
    expect([result.code, answerOf(result)]).toMatchObject([
      1,
      { ok: false, result: { failures: keyed('parts', 'seen') } },
    ]);
  }
});
