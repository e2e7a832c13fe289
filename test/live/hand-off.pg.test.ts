import { describe, expect, test } from 'vitest';
import { captures, openLiveTrial } from './support/live-trial.ts';
import { rowsIn } from './support/side.ts';

const tables = ['first', 'second'] as const;
const rows = 3_000;

describe.each(captures)('with %s', { timeout: 60_000 }, (capture) => {
  test('no change is consumed before all of the first copy is done, and then each of them is (L1)', async () => {
    await using trial = await openLiveTrial({ capture });
    for (const table of tables) {
      await trial.both(`CREATE TABLE ${table} (id int PRIMARY KEY, name text NOT NULL)`);
      await trial.source.query(`INSERT INTO ${table} SELECT n, 'copied' FROM generate_series(1, ${rows}) n`);
    }
    const holder = await trial.target.connect();
    await holder.query('BEGIN; LOCK TABLE second IN SHARE MODE');
    await using running = await trial.begin({ collections: [...tables], rowsPerPartition: 1_000 });
    await running.until('one of both is copied', async () => (await rowsIn(trial.target, 'first')) === rows);
    await trial.source.query(`
      UPDATE first SET name = 'changed' WHERE id <= 100; DELETE FROM first WHERE id > ${rows - 100};
      INSERT INTO second VALUES (${rows + 1}, 'new')`);
    // Longer than any window or poll takes.
    const retries = () => running.log.all('retry').length + running.log.all('notice').length;
    const before = retries();
    await running.until('the copy was held up for a while', () => retries() > before);
    expect(running.log.all('window.applied')).toEqual([]);
    expect(await rowsIn(trial.target, `first WHERE name = 'changed'`)).toBe(0);
    const [state] = await trial.target.query<{ positions: number }>(
      'SELECT count(position)::int AS positions FROM lockstep.state',
    );
    expect(state?.positions).toBe(0);
    expect(running.status.status).not.toBe('live');
    await holder.query('COMMIT');
    await running.live();
    await running.inStep(...tables);
    expect(await trial.expectSame(...tables)).toBe(2 * rows - 99);
    expect(running.log.all('window.applied').length).toBeGreaterThan(0);
  });

  test('a large table that is empty is first filled with its key off, and changes of that time come after', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both('CREATE TABLE first (id int PRIMARY KEY, name text NOT NULL)');
    await trial.source.query(
      `INSERT INTO first SELECT n, 'copied' FROM generate_series(1, ${rows}) n; ANALYZE first`,
    );
    await using running = await trial.begin(
      { collections: ['first'] },
      { targetConfig: { rebuildKeys: { fromRows: 1_000 } } },
    );
    await trial.source.query(`
      UPDATE first SET name = 'changed' WHERE id <= 100; DELETE FROM first WHERE id > ${rows - 100};
      INSERT INTO first VALUES (${rows + 1}, 'new')`);
    await running.live();
    await running.inStep('first');
    expect(running.log.all('copy.way')).toMatchObject([{ way: 'whole', reason: '' }]);
    expect(await trial.expectSame('first')).toBe(rows - 99);
  });
});
