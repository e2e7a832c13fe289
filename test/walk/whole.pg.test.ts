import { expect, test } from 'vitest';
import { verifyText } from '../../src/cli/render/verify.ts';
import type { Row } from '../../src/index.ts';
import { openPair } from './pair.ts';
import { nothing, writesOf } from './writes.ts';

const table = 'CREATE TABLE log (line text, at timestamptz, amount numeric)';
const rows = `INSERT INTO log SELECT 'line ' || n % 7, timestamptz '2024-01-01 00:00+00' + n % 5 * interval '1 day', n % 3
  FROM generate_series(1, 1000) AS n`;

const ways: readonly { readonly way: string; readonly map?: (row: Row) => Row }[] = [
  { way: 'as it is' },
  { way: 'through a function', map: (row) => ({ ...row }) },
];

test.for(ways)(
  'a collection without a key is replaced when it differs, and left alone when it does not, $way',
  async ({ way: _, ...mapping }) => {
    await using pair = await openPair();
    await pair.source.query(`${table}; ${rows}`);
    const engine = await pair.engine({ collections: { log: mapping }, create: true });
    expect(await engine.run('it')).toMatchObject({
      result: 'equal',
      collections: [{ sourceRows: 1000, targetRows: 1000, copied: 1000 }],
    });
    expect(await pair.expectSame('log')).toBe(1000);
    expect(await writesOf(pair.target, 'log', () => engine.run('it'))).toEqual(nothing);
    expect(await engine.verify('it')).toMatchObject({
      equal: true,
      collections: [{ sourceRows: 1000, targetRows: 1000 }],
    });

    await pair.target.query(
      `UPDATE log SET amount = 2.0 WHERE ctid = (SELECT ctid FROM log WHERE amount = 2 LIMIT 1)`,
    );
    const differing = await engine.verify('it');
    expect(differing).toMatchObject({ equal: false, collections: [{ different: 1000 }] });
    const told = verifyText(differing).join('\n');
    expect(told).toContain('log: differs as a whole');
    expect(told).toMatch(/log +1,000 +1,000 +0 +0 +\? /);
    expect(await engine.plan('it')).toMatchObject({ inStep: false });
    expect(await engine.run('it')).toMatchObject({ result: 'equal' });
    await pair.expectSame('log');

    // One row twice instead of another once: as many rows, other rows.
    await pair.target.query(`DELETE FROM log WHERE ctid = (SELECT ctid FROM log WHERE line = 'line 1' LIMIT 1);
    INSERT INTO log SELECT * FROM log WHERE line = 'line 2' LIMIT 1`);
    expect(await engine.verify('it')).toMatchObject({ equal: false });
    expect(await engine.verify('it', { repair: true })).toMatchObject({ equal: true });
    await pair.expectSame('log');
  },
);

test.for(ways)(
  'a source without a key that shrinks too much waits for approval, $way',
  async ({ way: _, ...mapping }) => {
    await using pair = await openPair();
    await pair.source.query(`${table}; ${rows}`);
    const engine = await pair.engine({ collections: { log: mapping }, create: true });
    await engine.run('it');
    await pair.source.query('TRUNCATE log');
    const held = await writesOf(pair.target, 'log', () => engine.run('it'));
    expect(held).toEqual(nothing);
    expect(await engine.run('it')).toMatchObject({
      result: 'pending',
      guards: [{ leaving: 1000, total: 1000, state: 'waiting' }],
    });
    expect(await engine.status('it')).toMatchObject([{ status: 'degraded' }]);
    await engine.approve('it');
    expect(await engine.run('it')).toMatchObject({ result: 'equal', guards: [] });
    expect(await pair.expectSame('log')).toBe(0);
  },
);

test('a row that a function can’t map stops a collection without a key, and only that', async () => {
  await using pair = await openPair();
  await pair.both(table);
  await pair.source.query(`${rows}; CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1)`);
  await pair.target.query(
    `INSERT INTO log VALUES ('what was there', now(), 1); CREATE TABLE other (id int PRIMARY KEY)`,
  );
  const map = (row: Row): Row => {
    if (row['amount'] === '2') throw new RangeError('not this one');
    return row;
  };
  const engine = await pair.engine({ collections: { log: { map, scope: 'all' }, other: true } });
  const run = await engine.run('it');
  expect(run).toMatchObject({
    result: 'failed',
    failures: [{ collection: 'public.log', code: 'mapping-failed' }],
  });
  expect((await pair.target.query('SELECT line FROM log')).rows).toEqual([{ line: 'what was there' }]);
  expect(await pair.expectSame('other')).toBe(1);
  expect(await engine.verify('it')).toMatchObject({ equal: false, collections: [{}, { equal: true }] });
});

test('a view with a key of the configuration is a source like any other', async () => {
  await using pair = await openPair();
  await pair.source.query(`CREATE TABLE base (a int, b text, c int); INSERT INTO base SELECT n, 'b' || n, n % 3 FROM generate_series(1, 500) AS n;
    CREATE VIEW seen AS SELECT a AS id, upper(b) AS name FROM base WHERE c > 0`);
  await pair.target.query('CREATE TABLE seen (id int PRIMARY KEY, name text)');
  const engine = await pair.engine({ collections: { seen: { key: ['id'] } }, rowsPerPartition: 100 });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await pair.expectSame('seen', 'seen', { key: ['id'] })).toBe(334);
  await pair.source.query('UPDATE base SET c = 0 WHERE a < 10; UPDATE base SET b = 0 WHERE a > 490');
  await pair.target.query('DELETE FROM seen WHERE id = 100');
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ inserted: 1, left: 6, updated: 7 }],
  });
  await pair.expectSame('seen', 'seen', { key: ['id'] });
});
