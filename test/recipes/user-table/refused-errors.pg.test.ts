import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/index.ts';
import { Journal } from '../../../src/recipes/user-table/errors/journal.ts';
import { SyncErrors } from '../../../src/recipes/user-table/errors/sync-errors.ts';
import { openTown } from './support/town.ts';

test('UT-32 an error that the server refuses is set aside and told, and keeps no other waiting', async () => {
  await using town = await openTown();
  await using chat = openDatabase({ url: town.chat.url });
  const told: unknown[] = [];
  const errors = new SyncErrors({
    chat,
    directory: town.directory,
    retentionDays: 30,
    log: (level, message, details) => told.push({ level, message, ...details }),
  });
  // Half a character is in no text of a server's.
  const users = ['1', '2', '\ud800', '4', '5'];
  for (const userId of users) errors.failed('SYNC_USER_FAILED', { userId, message: 'no' });
  errors.failed('POOL_ERROR', { message: 'later' });
  await errors.flush();
  expect((await town.errors()).map(({ user_id }) => user_id).toSorted()).toEqual(['1', '2', '4', '5', null]);
  expect(told).toMatchObject([{ level: 'WARNING', message: expect.stringContaining('set aside') }]);
  errors.failed('SYNC_USER_FAILED', { userId: '6', message: 'no' });
  await errors.flush();
  expect(await town.errors()).toHaveLength(6);
  expect(told).toHaveLength(1);
  expect(new Journal(town.directory).take()).toEqual([]);
});
