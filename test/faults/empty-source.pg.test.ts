import { describe, expect, test } from 'vitest';
import { startFaultProxy } from '../support/fault-proxy.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { openPair } from './support/pair.ts';
import { items, manyItems } from './support/rows.ts';
import { count } from './support/states.ts';
import { openTrial } from './support/trial.ts';

const rows = 500;

async function openFilled(by: 'staged' | 'direct' = 'staged') {
  await using opened = new AsyncDisposableStack();
  const pair = opened.use(await openPair({ atSource: manyItems(rows) }));
  const options = { source: pair.source.url, target: pair.target.url, collections: ['items'] };
  const trial = opened.use(await openTrial({ ...options, settings: { create: true, refresh: { by } } }));
  await trial.run();
  const kept = opened.move();
  return { ...pair, trial, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

describe('a source that reads empty', () => {
  test.each(['DELETE FROM items', 'TRUNCATE items'])(
    '%s: held back and told; approved, it leaves',
    async (emptied) => {
      await using scene = await openFilled();
      await scene.source.query(emptied);
      const held = await scene.trial.run();
      expect(held).toMatchObject({ result: 'pending', collections: [{ held: rows, left: 0 }] });
      expect(held.guards).toMatchObject([
        { collection: 'public.items', leaving: rows, total: rows, state: 'waiting' },
      ]);
      expect(scene.trial.log.all('guard.raised')).toHaveLength(1);
      expect(await count(scene.target, 'items')).toBe(rows);
      const [status] = await scene.trial.engine.status('trial');
      expect(status).toMatchObject({ status: 'degraded' });

      expect(await scene.trial.engine.approve('trial')).toMatchObject({ approved: ['public.items'] });
      expect(await scene.trial.run()).toMatchObject({
        result: 'equal',
        guards: [],
        collections: [{ left: rows }],
      });
      expect(await count(scene.target, 'items')).toBe(0);
    },
  );

  test('without approval a later full source clears the guard', async () => {
    await using scene = await openFilled();
    await scene.source.query('DELETE FROM items');
    expect(await scene.trial.run()).toMatchObject({ result: 'pending' });
    await scene.source.query(items(1, rows));
    expect(await scene.trial.run()).toMatchObject({ result: 'equal', guards: [] });
    expect(await scene.expectSame('items')).toBe(rows);
  });

  test('what was approved and is back by then does not leave', async () => {
    await using scene = await openFilled();
    await scene.source.query('DELETE FROM items');
    await scene.trial.run();
    await scene.trial.engine.approve('trial');
    await scene.source.query(items(1, 100));
    expect(await scene.trial.run()).toMatchObject({ result: 'equal', collections: [{ left: rows - 100 }] });
    expect(await scene.expectSame('items')).toBe(100);
  });

  test('a table that was dropped is no empty table', async () => {
    await using scene = await openFilled();
    await scene.source.query('DROP TABLE items');
    expect(await scene.trial.failure()).toMatchObject({ code: 'not-ready', exit: 'configuration' });
    expect(await count(scene.target, 'items')).toBe(rows);
  });
});

test.each([
  ['direct', 'inserts and updates flow, nothing leaves', { inserted: 10, updated: 1, left: 0 }],
  ['staged', 'nothing is brought in', { inserted: 0, updated: 0, left: 0 }],
] as const)(
  'more than the share would leave (%s): %s; less than the share leaves',
  async (by, _, written) => {
    await using scene = await openFilled(by);
    await scene.source.query(
      `DELETE FROM items WHERE id <= 150; UPDATE items SET name = 'new' WHERE id = 200; ${items(501, 510)}`,
    );
    expect(await scene.trial.run()).toMatchObject({
      result: 'pending',
      collections: [{ held: 150, ...written }],
    });
    expect(await count(scene.target, 'items')).toBe(rows + written.inserted);
    await scene.source.query(items(51, 150));
    expect(await scene.trial.run()).toMatchObject({
      result: 'equal',
      guards: [],
      collections: [{ left: 50 }],
    });
    expect(await scene.expectSame('items')).toBe(rows - 40);
  },
);

test.each([1_000, 60_000, 300_000])(
  'a source that ends early, %i bytes into the copy: it never looks complete',
  async (bytes) => {
    await using pair = await openPair({ atSource: manyItems(4_000), atTarget: manyItems(4_000) });
    await using proxy = await startFaultProxy(pair.source.url);
    await using trial = await openTrial({
      source: proxy.url(pair.source.url),
      target: pair.target.url,
      // A function makes the comparison read all rows, so that a short read would show as rows that are gone.
      collections: {
        items: {
          scope: 'all',
          guard: { maxLeavingShare: 1 },
          map: (row) => row,
          columns: ['id', 'name', 'note'],
        },
      },
    });
    const cut = Promise.withResolvers<void>();
    const off = trial.engine.events.on('collection.started', () => {
      off();
      void proxy.cutAfter(bytes, { direction: 'toClient' }).then(cut.resolve);
    });
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0, collections: [{ left: 0 }] });
    await cut.promise;
    expect(await pair.expectSame('items')).toBe(4_000);
  },
);

test('rows that come back or vanish after the comparison: a run ends at the moment that it reads', async () => {
  await using scene = await openFilled();
  await scene.source.query(
    'DELETE FROM items WHERE id IN (1, 2, 3); CREATE TABLE last (id int PRIMARY KEY); INSERT INTO last VALUES (1)',
  );
  await scene.target.query('CREATE TABLE last (id int PRIMARY KEY)');
  await using both = await openTrial({
    source: scene.source.url,
    target: scene.target.url,
    collections: ['items', 'last'],
    directory: scene.trial.directory,
    targetConfig: { stallTimeoutMs: 200 },
  });
  // Its rows can't be written, so the second collection waits: the first one was compared, and nothing has left yet.
  const locker = await scene.target.connect();
  await locker.query('BEGIN; LOCK TABLE last IN SHARE MODE');
  const waits = both.log.next('notice', ({ message }) => message.includes('for a lock'));
  const running = both.run();
  await waits;
  expect(both.log.all('collection.started')[0]).toMatchObject({ collection: 'public.items' });
  await scene.source.query(`${items(1, 1)}; DELETE FROM items WHERE id = 10`);
  await locker.query('COMMIT');
  expect(await running).toMatchObject({ result: 'equal', failures: [] });
  expect(await idsUpTo(scene.target, 12)).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(await both.run()).toMatchObject({ result: 'equal' });
  expect(await idsUpTo(scene.target, 12)).toEqual([1, 4, 5, 6, 7, 8, 9, 11, 12]);
  expect(await scene.expectSame('items')).toBe(rows - 3);
});

async function idsUpTo(db: TestDatabase, last: number): Promise<readonly number[]> {
  const found = await db.query<{ id: number }>('SELECT id FROM items WHERE id <= $1 ORDER BY id', [last]);
  return found.rows.map(({ id }) => id);
}
