import { describe, expect, test } from 'vitest';
import { captures, type LiveRun, openLiveTrial } from './support/live-trial.ts';

const tables = `
  CREATE TABLE parts (code text UNIQUE, id int UNIQUE, v text);
  CREATE TABLE others (id int PRIMARY KEY, v text)`;

const hasStopped = (running: LiveRun): boolean =>
  running.log
    .all('collection.status')
    .some(
      ({ collection, status, reason }) =>
        collection === 'public.parts' && status === 'stopped' && (reason ?? '').includes('null in'),
    );

describe.each(captures)('with %s', { timeout: 90_000 }, (capture) => {
  test.each(['code', 'id'] as const)(
    'a row that comes without its key (%s) stops its collection, until it has one',
    async (key) => {
      await using trial = await openLiveTrial({ capture });
      await trial.both(tables);
      await trial.source.query(
        `ALTER TABLE parts REPLICA IDENTITY FULL; INSERT INTO parts VALUES ('a', 1, 'x')`,
      );
      await using running = await trial.start({ collections: { parts: { key: [key] }, others: {} } });
      await trial.source.query(
        key === 'code'
          ? `INSERT INTO parts VALUES (NULL, 2, 'y')`
          : `INSERT INTO parts VALUES ('b', NULL, 'y')`,
      );
      await running.until('it has stopped', () => hasStopped(running));
      await trial.source.query(`INSERT INTO others VALUES (1, 'flows')`);
      await running.inStep('others');
      expect(await trial.target.query('SELECT FROM parts')).toHaveLength(1);
      await trial.source.query(`UPDATE parts SET code = 'b', id = 2 WHERE v = 'y'`);
      await running.engine.resync('it', { collections: ['parts'] });
      await running.inStep('parts');
      await trial.source.query(`UPDATE parts SET v = 'flows again' WHERE v = 'y'`);
      await running.inStep('parts');
      expect(await running.letters()).toEqual([]);
    },
  );

  test('a filter leaves such rows out, until they have a key', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(tables);
    await trial.source.query('ALTER TABLE parts REPLICA IDENTITY FULL');
    const parts = { key: ['code'], filter: 'code IS NOT NULL' };
    await using running = await trial.start({ collections: { parts, others: {} } });
    await trial.source.query(`INSERT INTO parts VALUES (NULL, 1, 'x'), ('b', 2, 'y')`);
    await trial.source.query(`UPDATE parts SET v = 'changed'; INSERT INTO others VALUES (1, 'a')`);
    await running.inStep('others');
    await running.until('one is there', async () => {
      const rows = await trial.target.query('SELECT v FROM parts');
      return JSON.stringify(rows) === '[{"v":"changed"}]';
    });
    await trial.source.query(`UPDATE parts SET code = 'a' WHERE id = 1`);
    await running.inStep('parts');
    await trial.source.query(
      `UPDATE parts SET code = NULL WHERE id = 2; UPDATE parts SET v = 'later' WHERE id = 2`,
    );
    await running.until('one has left', async () => {
      const rows = await trial.target.query('SELECT id FROM parts');
      return JSON.stringify(rows) === '[{"id":1}]';
    });
    expect(hasStopped(running)).toBe(false);
  });
});
