import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { Row } from '../../src/index.ts';
import { openPair } from './pair.ts';
import { nothing, writesOf } from './writes.ts';

const rows = `CREATE TABLE t (id int PRIMARY KEY, v int, note text);
  INSERT INTO t SELECT n, n, 'note ' || n FROM generate_series(1, 1000) AS n`;

/** What a function may do to one row, and the letter that says so. */
const faults: readonly {
  readonly fault: string;
  readonly code: string;
  readonly broken: (row: Row) => unknown;
}[] = [
  { fault: 'throws', code: 'mapping-failed', broken: () => raise(new TypeError('with secret values in it')) },
  { fault: 'throws no error', code: 'mapping-failed', broken: () => raise('text') },
  { fault: 'returns a function', code: 'mapping-failed', broken: () => () => null },
  { fault: 'returns a text', code: 'mapping-failed', broken: () => 'row' },
  { fault: 'returns a promise', code: 'mapping-incomplete', broken: (row) => Promise.resolve(row) },
  { fault: 'leaves a column out', code: 'mapping-incomplete', broken: ({ id, v }) => ({ id, v }) },
  {
    fault: 'changes the key',
    code: 'mapping-changed-key',
    broken: (row) => ({ ...row, id: Number(row['id']) + 5000 }),
  },
  {
    fault: 'returns another kind of value',
    code: 'value-not-encodable',
    broken: (row) => ({ ...row, v: { no: 'number' } }),
  },
  {
    fault: 'returns a value out of range',
    code: 'value-not-encodable',
    broken: (row) => ({ ...row, v: 2 ** 40 }),
  },
  {
    fault: 'returns a text with a zero byte',
    code: 'value-refused',
    broken: (row) => ({ ...row, note: 'a\0b' }),
  },
  { fault: 'breaks a constraint', code: 'value-refused', broken: (row) => ({ ...row, v: -1 }) },
];

function raise(thrown: unknown): never {
  throw thrown;
}

/** Three rows for each fault, all over the table. */
const faultOf = ({ id }: Row) => (Number(id) % 100 < 3 ? faults[Math.floor(Number(id) / 80)] : undefined);
const parked = Array.from({ length: 1000 }, (_, index) => index + 1).filter(
  (id) => faultOf({ id }) !== undefined,
);

test('rows that a function fails for are parked, each with its reason; the others arrive', async () => {
  await using pair = await openPair();
  await pair.source.query(rows);
  await pair.target.query('CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v >= 0), note text)');
  const map = (row: Row): Row => (faultOf(row)?.broken(row) ?? row) as Row;
  const engine = await pair.engine({ collections: { t: { map } }, rowsPerPartition: 300, samples: 100 });
  const run = await engine.run('it');
  expect(run).toMatchObject({ result: 'pending', deadLetters: parked.length, failures: [] });
  const arrived = await pair.target.query('SELECT count(*)::int FROM t WHERE id <> ALL ($1)', [parked]);
  expect(arrived.rows).toEqual([{ count: 1000 - parked.length }]);
  expect(await letters(pair.directory)).toEqual(
    parked.map((id) => ({ key: `["${id}"]`, code: faultOf({ id })?.code })),
  );
  expect(await engine.status('it')).toMatchObject([
    { status: 'degraded', deadLetters: [{ collection: 'public.t', count: parked.length }] },
  ]);
  const verified = await engine.verify('it');
  expect(verified.collections).toMatchObject([
    { equal: false, missing: parked.length, explained: { deadLetters: parked.length } },
  ]);
  expect(await writesOf(pair.target, 't', () => engine.run('it'))).toEqual(nothing);
  expect(JSON.stringify([run, verified, await engine.status('it')])).not.toContain('secret');

  const mended = await pair.engine({ collections: { t: {} } });
  expect(await mended.run('it')).toMatchObject({
    result: 'equal',
    deadLetters: 0,
    collections: [{ inserted: parked.length }],
  });
  expect(await mended.status('it')).toMatchObject([{ status: 'idle', deadLetters: [] }]);
  await pair.expectSame('t');
});

/** From the control store itself: nothing else says why each key was parked. */
async function letters(
  directory: string,
): Promise<readonly { readonly key: string; readonly code: string }[]> {
  const database = new DatabaseSync(`${directory}/.lockstep/lockstep.db`, { readOnly: true });
  try {
    const found = database.prepare('SELECT key, code FROM dead_letters').all();
    const pairs = found.map(({ key, code }) => ({ key: String(key), code: String(code) }));
    return pairs.toSorted((a, b) => Number(JSON.parse(a.key)[0]) - Number(JSON.parse(b.key)[0]));
  } finally {
    database.close();
  }
}

test('a row that drops out by the function leaves; one that comes back is inserted', async () => {
  await using pair = await openPair();
  await pair.source.query(rows);
  const map = (row: Row): Row | null =>
    Number(row['v']) % 10 === 0 ? null : { ...row, note: `${row['note']}!` };
  const engine = await pair.engine({ collections: { t: { map } }, create: true });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  const count = async () => (await pair.target.query('SELECT count(*)::int, sum(v)::int FROM t')).rows[0];
  expect(await count()).toEqual({ count: 900, sum: 450_000 });
  await pair.source.query('UPDATE t SET v = 10 WHERE id = 11; UPDATE t SET v = 1 WHERE id = 20');
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ inserted: 1, left: 1, updated: 0 }],
  });
  expect(await count()).toEqual({ count: 900, sum: 450_000 - 11 + 1 });
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});

test('a function sees only mapReads, and may make columns of its own', async () => {
  await using pair = await openPair();
  await pair.source.query(rows);
  await pair.target.query('CREATE TABLE t (id int PRIMARY KEY, v int, made text, day date)');
  const seen = new Set<string>();
  const map = (row: Row): Row => {
    for (const name of Object.keys(row)) seen.add(name);
    return { id: row['id'] ?? null, v: row['v'] ?? null, made: `v is ${row['v']}`, day: row['day'] ?? null };
  };
  const columns = {
    id: true,
    v: true,
    made: { mapped: true },
    day: { expression: `date '2024-01-01' + v` },
  } as const;
  const engine = await pair.engine({ collections: { t: { map, mapReads: ['id', 'v'], columns } } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect([...seen].toSorted()).toEqual(['day', 'id', 'v']);
  expect((await pair.target.query('SELECT made, day::text FROM t WHERE id = 2')).rows).toEqual([
    { made: 'v is 2', day: '2024-01-03' },
  ]);
  await pair.target.query(`UPDATE t SET made = 'x' WHERE id = 3; UPDATE t SET day = NULL WHERE id = 4`);
  expect(await writesOf(pair.target, 't', () => engine.run('it'))).toEqual({
    inserted: 0,
    updated: 2,
    deleted: 0,
  });
});

test('rows of others with our keys are left alone and reported, few and many', async () => {
  await using pair = await openPair();
  await pair.source.query(rows);
  await pair.source.query(`INSERT INTO t SELECT n, n, 'more' FROM generate_series(1001, 6000) AS n`);
  await pair.target.query('CREATE TABLE t (id int PRIMARY KEY, v int, note text)');
  await pair.target.query(
    `INSERT INTO t SELECT n, 0, 'theirs' FROM generate_series(1, 40) AS n; INSERT INTO t VALUES (9999, 0, 'theirs')`,
  );
  const engine = await pair.engine({ collections: ['t'] });
  const run = await engine.run('it');
  expect(run).toMatchObject({ result: 'pending', deadLetters: 40, collections: [{ clashes: 40 }] });
  expect(
    (
      await pair.target.query(
        `SELECT count(*)::int, count(*) FILTER (WHERE note = 'theirs')::int AS theirs FROM t`,
      )
    ).rows,
  ).toEqual([{ count: 6001, theirs: 41 }]);
  expect(await engine.verify('it')).toMatchObject({
    equal: false,
    collections: [{ missing: 0, extra: 0, different: 0 }],
  });
  await pair.target.query(`DELETE FROM t WHERE note = 'theirs'`);
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    deadLetters: 0,
    collections: [{ inserted: 40 }],
  });
  await pair.expectSame('t');
});
