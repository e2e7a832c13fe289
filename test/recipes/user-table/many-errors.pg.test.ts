import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/index.ts';
import { idOf } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { Journal } from '../../../src/recipes/user-table/errors/journal.ts';
import { SyncErrors } from '../../../src/recipes/user-table/errors/sync-errors.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Town } from './support/town.ts';

function opening(town: Town, statementMs: number) {
  const chat = openDatabase({ url: town.chat.url });
  const told: string[] = [];
  const errors = new SyncErrors({
    chat,
    directory: town.directory,
    retentionDays: 30,
    log: (level, message) => void told.push(`${level} ${message}`),
    statementMs,
  });
  return { errors, told, [Symbol.asyncDispose]: () => chat[Symbol.asyncDispose]() };
}

describe('many errors', { timeout: 90_000 }, () => {
  test('UT-32 UT-33 reminders of 20,000 users whose rows are open are sent in moments, and what comes after them too', async () => {
    const users = 20_000;
    await using town = await openTown();
    await using opened = opening(town, 3_000);
    const { errors, told } = opened;
    await errors.prepare({ signal: AbortSignal.timeout(10_000) });
    // The server believes that none is open.
    await town.chat.query('ALTER TABLE sync_errors SET (autovacuum_enabled = off)');
    await town.chat.query(
      `INSERT INTO sync_errors (error_type, user_id, error_message, resolved)
       SELECT 'UPSERT_USER_FAILED', uuid, 'x', true FROM unnest($1::text[]) AS uuid`,
      [Array.from({ length: users }, (_, each) => idOf(each))],
    );
    await town.chat.query('ANALYZE sync_errors');
    await town.chat.query('UPDATE sync_errors SET resolved = false');
    for (let each = 0; each < users; each += 1)
      errors.reminded('UPSERT_USER_FAILED', { userId: idOf(each), message: 'x', data: { code: 'taken' } });
    errors.failed('UPSERT_USER_FAILED', { userId: idOf(1), message: 'x', data: { code: 'taken' } });
    errors.failed('POOL_ERROR', { message: 'later' });
    const stop = new AbortController();
    const running = errors.run(stop.signal);
    const later = async () =>
      (await town.chat.query(`SELECT FROM sync_errors WHERE error_type = 'POOL_ERROR'`)).rowCount;
    await eventually(
      'what came later is written',
      async () => (await later()) === 1,
      () => told,
    );
    stop.abort();
    await running;
    expect(told).toEqual([]);
    expect(new Journal(town.directory).take()).toEqual([]);
    const { rows } = await town.chat.query(
      'SELECT count(*)::int AS rows, sum(retry_count)::int AS counted FROM sync_errors WHERE user_id IS NOT NULL',
    );
    expect(rows).toEqual([{ rows: users, counted: 1 }]);
  });

  test('UT-33 what is told of a user with two reasons, and of nobody with two codes, is a row for the user and one for each code', async () => {
    await using town = await openTown();
    await using opened = opening(town, 3_000);
    const { errors } = opened;
    for (let turn = 0; turn < 2; turn += 1) {
      for (const code of ['a', 'b']) {
        errors.failed('SYNC_USER_FAILED', { userId: idOf(1), message: code, data: { code } });
        errors.failed('POOL_ERROR', { message: code, data: { code } });
      }
      await errors.flush();
    }
    expect(
      (await town.errors()).map(({ error_type, error_message, retry_count }) => [
        error_type,
        error_message,
        retry_count,
      ]),
    ).toEqual([
      ['POOL_ERROR', 'a', 1],
      ['POOL_ERROR', 'b', 1],
      ['SYNC_USER_FAILED', 'a', 1],
    ]);
  });

  test('UT-32 a table that can’t be written is told once, and once that it can be again', async () => {
    await using town = await openTown();
    await using opened = opening(town, 200);
    const { errors, told } = opened;
    await errors.prepare({ signal: AbortSignal.timeout(10_000) });
    const holder = await town.chat.connect();
    await holder.query('BEGIN; LOCK TABLE sync_errors IN ACCESS EXCLUSIVE MODE');
    errors.failed('POOL_ERROR', { message: 'waits' });
    for (let turn = 0; turn < 3; turn += 1) await errors.flush();
    expect(told).toEqual([expect.stringMatching('^WARNING sync_errors can’t be written')]);
    await holder.query('COMMIT');
    for (let turn = 0; turn < 2; turn += 1) await errors.flush();
    expect(told.slice(1)).toEqual(['SUCCESS sync_errors can be written again']);
    expect(await town.errors()).toMatchObject([{ error_message: 'waits' }]);
  });
});
