import { expect, test } from 'vitest';
import type { MapFunction } from '../../src/index.ts';
import { nothing, writesOf } from '../walk/writes.ts';
import { cursor, items, openIncremental, touching } from './pair.ts';

const many = `${items}; ${touching}; INSERT INTO items SELECT n, 'v' FROM generate_series(1, 1000) AS n`;
const map: MapFunction = (row) => (row['v'] === 'hidden' ? null : row);

test.each([
  ['the filter', { cursor, filter: `v <> 'hidden'` }],
  ['the mapping', { cursor, map, mapVersion: '1' }],
])('a row that no longer passes %s leaves, and comes back when it does', async (_, config) => {
  await using pair = await openIncremental({ sql: many, collections: { items: config } });
  await pair.source.query(
    `UPDATE items SET v = 'hidden' WHERE id <= 3; INSERT INTO items VALUES (2000, 'hidden')`,
  );
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 3 }] });
  expect((await pair.target.query('SELECT FROM items')).rowCount).toBe(997);
  expect(await writesOf(pair.target, 'items', () => pair.lockstep.run('it'))).toEqual(nothing);
  await pair.source.query(`UPDATE items SET v = 'back' WHERE id = 2`);
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal', collections: [{ inserted: 1 }] });
});

test('so much that leaves waits for approval, over passes that find nothing new', async () => {
  await using pair = await openIncremental({
    sql: many,
    collections: { items: { cursor, filter: `v <> 'hidden'` } },
  });
  await pair.source.query(`UPDATE items SET v = 'hidden' WHERE id <= 500`);
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'pending', guards: [{ leaving: 500 }] });
  await pair.source.query(
    `SELECT pg_sleep(1.2); UPDATE items SET v = 'seen again' WHERE id = 1; UPDATE items SET v = 'hidden' WHERE id = 600`,
  );
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'pending', guards: [{ leaving: 500 }] });
  await pair.lockstep.approve('it');
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 500 }] });
  expect(await pair.lockstep.verify('it')).toMatchObject({ equal: true });
});

test('a row that takes a value which a deleted one had is not set aside', async () => {
  await using pair = await openIncremental({
    sql: `CREATE TABLE items (id int PRIMARY KEY, v text UNIQUE, updated_at timestamptz NOT NULL DEFAULT now());
      INSERT INTO items SELECT n, 'v' || n FROM generate_series(1, 1000) AS n`,
  });
  await pair.source.query(`DELETE FROM items WHERE id = 1; INSERT INTO items VALUES (2000, 'v1')`);
  expect(await pair.lockstep.run('it')).toMatchObject({
    result: 'equal',
    deadLetters: 0,
    collections: [{ inserted: 1, left: 1 }],
  });
  await pair.expectSame('items');
});

test('rows that exchanged a unique value change places', async () => {
  await using pair = await openIncremental({
    sql: `CREATE TABLE items (id int PRIMARY KEY, v text UNIQUE DEFERRABLE, updated_at timestamptz NOT NULL DEFAULT now());
      INSERT INTO items SELECT n, 'v' || n FROM generate_series(1, 10) AS n`,
    settings: { create: false },
    targetSql: 'CREATE TABLE items (id int PRIMARY KEY, v text UNIQUE, updated_at timestamptz NOT NULL)',
  });
  await pair.source.query(
    `BEGIN; SET CONSTRAINTS ALL DEFERRED; UPDATE items SET v = 'v' || 3 - id, updated_at = now() WHERE id IN (1, 2); COMMIT`,
  );
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: 2 }] });
  await pair.expectSame('items');
});

test('a child comes after its parent, and one whose parent was set aside comes once that is cured', async () => {
  const sql = `
    CREATE TABLE parents (id int PRIMARY KEY, v text, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE children (id int PRIMARY KEY, parent int NOT NULL REFERENCES parents, updated_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO parents VALUES (1, 'good'); INSERT INTO children VALUES (1, 1)`;
  await using pair = await openIncremental({
    sql,
    collections: { children: { cursor }, parents: { cursor } },
  });
  await pair.target.query(`ALTER TABLE parents ADD CHECK (v <> 'bad')`);
  await pair.source.query(
    `INSERT INTO parents VALUES (2, 'good'), (3, 'bad'); INSERT INTO children VALUES (2, 2), (3, 3)`,
  );
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'pending', deadLetters: 2 });
  await pair.source.query(
    `SELECT pg_sleep(1.2); UPDATE parents SET v = 'mended', updated_at = now() WHERE id = 3`,
  );
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  await pair.expectSame('parents');
  await pair.expectSame('children');
});

test('keep: what no longer belongs stays', async () => {
  await using pair = await openIncremental({
    sql: many,
    collections: { items: { cursor, filter: `v <> 'hidden'`, leaving: 'keep' } },
  });
  await pair.source.query(`UPDATE items SET v = 'hidden' WHERE id <= 3`);
  expect(await pair.lockstep.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 0 }] });
  expect((await pair.target.query('SELECT FROM items')).rowCount).toBe(1000);
});
