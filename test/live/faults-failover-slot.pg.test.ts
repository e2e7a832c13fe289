import { expect, test } from 'vitest';
import { startPostgres } from '../../tools/servers/postgres.ts';
import { expectSameTable } from '../support/export.ts';
import { openLiveTrial } from './support/live-trial.ts';
import { ownSide } from './support/side.ts';
import { startStandby } from './support/standby.ts';

test('a slot that the standby keeps in step goes on after the failover: another timeline, and no gap', {
  timeout: 120_000,
}, async () => {
  await using primary = await startPostgres({ version: 17 });
  // Gone with its server.
  const source = await ownSide(primary);
  const database = new URL(source.url).pathname.slice(1);
  await using trial = await openLiveTrial({ capture: 'logical', source });
  await trial.both('CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL)');
  await source.query(`INSERT INTO items SELECT n, 'first' FROM generate_series(1, 300) n`);
  await source.query(`SELECT pg_create_physical_replication_slot('standby', true)`);
  const settings = { collections: ['items'] };
  const ways = { captureConfig: { failover: true } };
  await using standby = await startStandby(primary, {
    primary_slot_name: 'standby',
    hot_standby_feedback: 'on',
    sync_replication_slots: 'on',
  });
  const atStandby = async (sql: string): Promise<number> => {
    await using client = await standby.connect(database);
    return (await client.query(sql)).rows.length;
  };
  {
    await using running = await trial.start(settings, ways);
    await running.until(
      'the standby has the slot',
      async () =>
        (await atStandby('SELECT FROM pg_replication_slots WHERE synced AND NOT temporary AND failover')) ===
        1,
    );
    await source.query(`UPDATE items SET name = 'second' WHERE id <= 100`);
    await running.inStep('items');
    await running.stop();
  }
  const [{ lsn } = { lsn: '' }] = await source.query<{ lsn: string }>(
    'SELECT pg_current_wal_lsn()::text AS lsn',
  );
  await expect
    .poll(() => atStandby(`SELECT WHERE pg_last_wal_replay_lsn() >= '${lsn}'::pg_lsn`), { timeout: 20_000 })
    .toBe(1);
  await primary.stop();
  await using promoted = await standby.connect(database);
  await promoted.query('SELECT pg_promote()');
  const url = standby.url(database);
  await promoted.query(
    `DELETE FROM items WHERE id > 290; UPDATE items SET name = 'after the failover' WHERE id = 5`,
  );
  await using running = await trial.start(settings, { ...ways, source: url });
  await running.until('both are the same', () =>
    expectSameTable({ url, table: 'items' }, { url: trial.target.url, table: 'items' }).then(
      () => true,
      () => false,
    ),
  );
  expect(running.log.all('gap')).toEqual([]);
  expect(running.log.all('healed')).toEqual([]);
  await running.stop();
});
