import { expect, test } from 'vitest';
import { nothing, writesOf } from '../walk/writes.ts';
import { cursor, items, openIncremental, touching } from './pair.ts';

const since = { reads: 'since', reason: null };

test('the first run copies everything, the next ones read what changed since', async () => {
  await using pair = await openIncremental();
  expect(await pair.expectSame('items')).toBe(10);
  await pair.source.query(`UPDATE items SET v = 'new' WHERE id = 3; INSERT INTO items VALUES (11, 'eleven')`);
  const result = await pair.lockstep.run('it');
  expect(result).toMatchObject({
    result: 'equal',
    extents: [since],
    collections: [{ inserted: 1, updated: 1, left: 0 }],
  });
  expect(await pair.expectSame('items')).toBe(11);
  expect(await writesOf(pair.target, 'items', () => pair.lockstep.run('it'))).toEqual(nothing);
});

test('only what is newer than the overlap is read', async () => {
  await using pair = await openIncremental({
    sql: `${items}; ${touching}; INSERT INTO items SELECT n, 'v', now() - interval '1 hour' FROM generate_series(1, 1000) AS n`,
  });
  await pair.source.query(`UPDATE items SET v = 'new' WHERE id <= 3`);
  expect(await pair.lockstep.run('it')).toMatchObject({ collections: [{ sourceRows: 3, updated: 3 }] });
});

test('what is deleted leaves with a comparison, asked for or due', async () => {
  await using pair = await openIncremental();
  await pair.source.query('DELETE FROM items WHERE id = 1');
  expect(await pair.lockstep.run('it')).toMatchObject({ collections: [{ left: 0 }] });
  expect(await pair.lockstep.run('it', { compare: true })).toMatchObject({
    extents: [{ reads: 'all', why: 'comparison' }],
    collections: [{ left: 1 }],
  });
  await pair.expectSame('items');
  const due = await pair.engine({
    mode: 'incremental',
    comparison: { every: '1s' },
    collections: { items: { cursor } },
  });
  await pair.source.query('DELETE FROM items WHERE id = 2');
  await expect
    .poll(async () => (await due.run('it')).extents, { timeout: 10_000 })
    .toMatchObject([{ reads: 'all', why: 'comparison', reason: 'a comparison was due' }]);
  await pair.expectSame('items');
});
