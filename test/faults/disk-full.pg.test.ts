import { expect, test } from 'vitest';
import { expectSameTable } from '../support/export.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { startOwnServer } from './support/own-server.ts';
import { manyItems } from './support/rows.ts';
import { makeSmallDisk } from './support/small-disk.ts';
import { hastyRetry, openTrial } from './support/trial.ts';

const rows = 60_000;

test('the disk of the destination is full: waits, goes on when there is room; else ends as failed and resumes', async (context) => {
  using disk = await makeSmallDisk(6);
  if (disk === null) return context.skip('not run: a small file system can’t be mounted here');
  await using source = await createTestDatabase();
  await source.query(manyItems(rows));
  await using target = await startOwnServer({ version: 17 });
  await target.query(`CREATE TABLESPACE small LOCATION '${disk.directory}'`);
  await target.query(`ALTER DATABASE postgres SET default_tablespace = 'small'`);
  const options = { source: source.url, target: target.url, collections: ['items'] };
  const settings = { create: true, rowsPerPartition: 10_000 };

  await using hasty = await openTrial({ ...options, settings: { ...settings, retry: hastyRetry } });
  expect(await hasty.failure()).toMatchObject({
    code: 'retries-exhausted',
    exit: 'failed',
    cause: { code: 'disk-full' },
  });
  expect(hasty.log.all('dead-letter.put')).toEqual([]);
  const [there] = await target.query<{ n: number }>('SELECT count(*)::int AS n FROM items');
  expect(there?.n).toBeLessThan(rows);

  await using patient = await openTrial({ ...options, settings, directory: hasty.directory });
  const waits = patient.log.next('retry', ({ code }) => code === 'disk-full');
  const running = patient.run();
  await waits;
  disk.grow(100);
  expect(await running).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
  expect(
    await expectSameTable({ url: source.url, table: 'items' }, { url: target.url, table: 'items' }),
  ).toBe(rows);
}, 60_000);
