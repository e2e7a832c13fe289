import { describe, expect, test } from 'vitest';
import { startPostgres } from '../../tools/servers/postgres.ts';
import { expectSameTable } from '../support/export.ts';
import { captures, openLiveTrial } from './support/live-trial.ts';
import { ownSide } from './support/side.ts';
import { startStandby } from './support/standby.ts';

const table = 'CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL)';
const fill = `INSERT INTO items SELECT n, 'first' FROM generate_series(1, 500) n`;
const settings = { collections: ['items'], guard: { maxLeavingShare: 1 } };

describe.each(captures)('with %s', { timeout: 120_000 }, (capture) => {
  test('a promoted standby takes the place of the source: what went lost there is undone, and all is equal', async () => {
    await using primary = await startPostgres({ version: 17 });
    // Gone with its server.
    const source = await ownSide(primary);
    await using trial = await openLiveTrial({ capture, source });
    await trial.both(table);
    await source.query(fill);
    await using standby = await startStandby(primary);
    const database = new URL(source.url).pathname.slice(1);
    const isAtTarget = async (): Promise<boolean> =>
      (await trial.target.query(`SELECT FROM items WHERE name = 'lost'`)).length > 0;
    {
      await using running = await trial.start(settings);
      await source.query(`UPDATE items SET name = 'second' WHERE id <= 100`);
      await running.inStep('items');
      const seconds = async (): Promise<number> => {
        await using client = await standby.connect(database);
        return (await client.query(`SELECT FROM items WHERE name = 'second'`)).rows.length;
      };
      await running.until('the standby has it too', async () => (await seconds()) === 100);
      // The standby hears of nothing from here on; the pipeline does.
      await standby.stop();
      await source.query(
        `UPDATE items SET name = 'lost' WHERE id BETWEEN 101 AND 150; DELETE FROM items WHERE id > 490; INSERT INTO items VALUES (900, 'lost')`,
      );
      await running.until('the target has what will be lost', isAtTarget);
      await running.stop();
    }
    await primary.stop({ mode: 'immediate' });
    const conninfo = `host=127.0.0.1 port=1 user=postgres`;
    await standby.restart({ settings: { primary_conninfo: conninfo } });
    await using promoted = await standby.connect(database);
    await promoted.query('SELECT pg_promote()');
    const url = standby.url(database);
    await promoted.query(`INSERT INTO items VALUES (901, 'after the failover')`);
    await using running = await trial.start(settings, { source: url });
    await running.until('both are the same', () =>
      expectSameTable({ url, table: 'items' }, { url: trial.target.url, table: 'items' }).then(
        () => true,
        () => false,
      ),
    );
    await promoted.query(`UPDATE items SET name = 'flows' WHERE id = 1`);
    await running.until(
      'changes flow',
      async () => (await trial.target.query(`SELECT FROM items WHERE name = 'flows'`)).length === 1,
    );
    expect(running.log.all('gap').length + running.log.all('healed').length).toBeGreaterThan(0);
    expect(running.log.all('dead-letter.put')).toEqual([]);
    await running.stop();
  });
});
