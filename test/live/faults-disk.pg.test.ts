import { expect, test } from 'vitest';
import { startPostgres } from '../../tools/servers/postgres.ts';
import { fillTable } from '../faults/support/full-table.ts';
import { makeSmallDisk } from '../faults/support/small-disk.ts';
import { type LiveTrial, openLiveTrial } from './support/live-trial.ts';
import { ownSide, rowsIn } from './support/side.ts';

test('the disk of the destination is full: it waits without blaming a row, and goes on when there is room (rule 4)', async (context) => {
  using disk = await makeSmallDisk(6);
  if (disk === null) return context.skip('not run: a small file system can’t be mounted here');
  await using server = await startPostgres({ version: 17 });
  await using target = await ownSide(server);
  await using trial = await openLiveTrial({ target });
  const database = new URL(target.url).pathname.slice(1);
  await target.query(`CREATE TABLESPACE small LOCATION '${disk.directory}'`);
  await target.query(`ALTER DATABASE ${database} SET default_tablespace = 'small'`);
  await trial.both('CREATE TABLE items (id int PRIMARY KEY, name text)');
  await expectWaits(trial, async () => disk.grow(200));
}, 60_000);

test('a server says that its disk is full: it waits without blaming a row, and goes on when there is room (rule 4)', async () => {
  await using trial = await openLiveTrial();
  await trial.both('CREATE TABLE items (id int PRIMARY KEY, name text)');
  const disk = await fillTable((sql) => trial.target.query(sql), { table: 'public.items', rows: 40_000 });
  await expectWaits(trial, () => disk.grow(60_000));
}, 60_000);

async function expectWaits(trial: LiveTrial, grow: () => Promise<void>): Promise<void> {
  await using running = await trial.start({ collections: ['items'] });
  await trial.source.query(
    `INSERT INTO items SELECT n, repeat(md5(n::text), 5) FROM generate_series(1, 60000) n`,
  );
  await running.until('the disk is full', () =>
    running.log.all('retry').some(({ code }) => code === 'disk-full'),
  );
  const failures = running.log.all('retry').length;
  await running.until('it tries on', () => running.log.all('retry').length > failures + 5);
  expect(running.status).toMatchObject({ status: 'degraded' });
  // A transaction of this size is written in pieces.
  expect(await rowsIn(trial.target, 'items')).toBeLessThan(60_000);
  await grow();
  await running.inStep('items');
  await running.live();
  expect(await trial.expectSame('items')).toBe(60_000);
  expect(running.log.all('dead-letter.put')).toEqual([]);
  await running.stop();
}
