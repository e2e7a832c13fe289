import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { captures, openLiveTrial } from './support/live-trial.ts';
import { rowsIn } from './support/side.ts';

const table = 'CREATE TABLE items (id bigint PRIMARY KEY, name text NOT NULL)';
const fill = `INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 500) n`;
const open = { collections: ['items'], guard: { maxLeavingShare: 1, fromRows: 1_000_000 } };

/** Writers get into each other's way: a deadlock among them is theirs. */
const tried = async (client: Client, sql: string): Promise<void> => {
  await client.query(sql).catch(() => client.query('ROLLBACK'));
};

describe.each(captures)('with %s', { timeout: 60_000 }, (capture) => {
  test('truncates around the inserts of several writers', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(table);
    await trial.source.query(`${fill}; CREATE SEQUENCE ids START 1000`);
    await using running = await trial.start(open);
    const until = performance.now() + 3_000;
    const write = async (): Promise<void> => {
      const client = await trial.source.connect();
      for (let turn = 0; performance.now() < until; turn += 1)
        await tried(
          client,
          turn % 5 === 0
            ? `BEGIN; INSERT INTO items SELECT nextval('ids'), 'a' FROM generate_series(1, 5); UPDATE items SET name = 'b' WHERE id % 7 = 0; COMMIT`
            : `INSERT INTO items VALUES (nextval('ids'), 'c')`,
        );
    };
    const truncate = async (): Promise<void> => {
      const client = await trial.source.connect();
      while (performance.now() < until) {
        await tried(client, 'TRUNCATE items');
        await tried(
          client,
          `BEGIN; INSERT INTO items VALUES (1, 'x'); TRUNCATE items; INSERT INTO items VALUES (1, 'y'); COMMIT`,
        );
        await client.query('SELECT pg_sleep(0.3)');
      }
    };
    await Promise.all([write(), write(), write(), truncate()]);
    await running.until('it approves', async () => {
      // Everything that leaves is held whatever the share: that is what somebody approves.
      if (running.log.all('guard.raised').length > 0) await running.engine.approve('it');
      const [one, other] = await Promise.all([rowsIn(trial.source, 'items'), rowsIn(trial.target, 'items')]);
      return one === other;
    });
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBeGreaterThan(0);
    expect(running.log.all('dead-letter.put')).toEqual([]);
    await running.live();
  });

  test('keys that change: in chains, to and fro, and onto keys that others left', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start(open);
    for (const statements of [
      'UPDATE items SET id = id + 10000',
      'UPDATE items SET id = id - 10000 WHERE id <= 10100',
      'UPDATE items SET id = -1 WHERE id = 1; UPDATE items SET id = 1 WHERE id = 2; UPDATE items SET id = 2 WHERE id = -1',
      `BEGIN; DELETE FROM items WHERE id = 3; UPDATE items SET id = 3, name = 'moved' WHERE id = 4; INSERT INTO items VALUES (4, 'new'); COMMIT`,
      `BEGIN; UPDATE items SET id = 7000 WHERE id = 5; UPDATE items SET id = 7001 WHERE id = 7000; DELETE FROM items WHERE id = 7001; COMMIT`,
    ])
      await trial.source.query(statements);
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBe(499);
    expect(running.log.all('dead-letter.put')).toEqual([]);
  });

  test('DELETE of everything: the guard holds it and approve lets it go', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start({ collections: ['items'] });
    await trial.source.query('DELETE FROM items');
    await running.until('the guard holds', () => running.log.all('guard.raised').length === 1);
    await trial.source.query(`INSERT INTO items VALUES (9000, 'flows')`);
    await running.until(
      'inserts flow',
      async () => (await rowsIn(trial.target, 'items WHERE id = 9000')) === 1,
    );
    expect(await rowsIn(trial.target, 'items')).toBe(501);
    await running.engine.approve('it');
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBe(1);
  });

  test('DELETE of everything goes at once where the guard is off', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start(open);
    await trial.source.query('DELETE FROM items');
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBe(0);
    expect(running.log.all('guard.raised')).toEqual([]);
  });
});
