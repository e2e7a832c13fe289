import pg from 'pg';
import { expect, test } from 'vitest';
import { expectSameTable } from '../support/export.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { fillTable } from './support/full-table.ts';
import { startOwnServer } from './support/own-server.ts';
import { itemsTable, manyItems } from './support/rows.ts';
import { makeSmallDisk } from './support/small-disk.ts';
import { hastyRetry, openTrial, type TrialOptions } from './support/trial.ts';

const rows = 60_000;

test('a server that says its disk is full: waits, goes on when there is room; else ends as failed and resumes', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await source.query(manyItems(rows));
  await target.query(itemsTable);
  const disk = await fillTable((sql) => target.query(sql), { table: 'public.items', rows: 25_000 });
  await expectWaits({ source: source.url, target: target.url, grow: () => disk.grow(rows) });
}, 60_000);

test('the disk of the destination is full: waits, goes on when there is room; else ends as failed and resumes', async (context) => {
  using disk = await makeSmallDisk(6);
  if (disk === null) return context.skip('not run: a small file system can’t be mounted here');
  await using source = await createTestDatabase();
  await source.query(manyItems(rows));
  await using target = await startOwnServer({ version: 17 });
  await target.query(`CREATE TABLESPACE small LOCATION '${disk.directory}'`);
  await target.query(`ALTER DATABASE postgres SET default_tablespace = 'small'`);
  await expectWaits({
    source: source.url,
    target: target.url,
    settings: { create: true },
    grow: async () => disk.grow(100),
  });
}, 60_000);

interface Full {
  readonly source: string;
  readonly target: string;
  readonly settings?: TrialOptions['settings'];
  readonly grow: () => Promise<void>;
}

/** One that is in a hurry ends; one that is patient goes on where it stopped once there is room. */
async function expectWaits({ source, target, settings: more, grow }: Full): Promise<void> {
  const options = { source, target, collections: { items: { scope: 'all' } } } as const;
  const settings = { ...more, rowsPerPartition: 10_000 };
  await using hasty = await openTrial({ ...options, settings: { ...settings, retry: hastyRetry } });
  expect(await hasty.failure()).toMatchObject({
    code: 'retries-exhausted',
    exit: 'failed',
    cause: { code: 'disk-full' },
  });
  expect(hasty.log.all('dead-letter.put')).toEqual([]);
  const client = new pg.Client({ connectionString: target });
  await client.connect();
  const { rows: there } = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM items');
  await client.end();
  expect(there[0]?.n).toBeLessThan(rows);

  await using patient = await openTrial({ ...options, settings, directory: hasty.directory });
  const waits = patient.log.next('retry', ({ code }) => code === 'disk-full');
  const running = patient.run();
  await waits;
  await grow();
  expect(await running).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
  expect(await expectSameTable({ url: source, table: 'items' }, { url: target, table: 'items' })).toBe(rows);
}
