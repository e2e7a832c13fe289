import { describe, expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Town } from './support/town.ts';

/** The next so many writes of users find the chat's server busy; a sequence counts them, which no rollback takes back. */
async function busyFor(chat: TestDatabase, times: number): Promise<void> {
  await chat.query(`SELECT setval('busy_times', ${100 - times})`);
}

async function mayBeBusy(chat: TestDatabase): Promise<void> {
  await chat.query(`CREATE SEQUENCE busy_times START 101;
    CREATE FUNCTION busy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('public.busy_times') <= 100 THEN RAISE EXCEPTION 'too much to do' USING ERRCODE = '53300'; END IF;
      RETURN NEW; END $$;
    CREATE TRIGGER busy BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION busy()`);
}

async function rename(town: Town, name: string): Promise<void> {
  await town.source.query(`UPDATE users SET first_name = '${name}' WHERE id = '${idOf(1)}'`);
  await eventually(`is ${name}`, async () => (await town.chatUser(idOf(1)))?.name === `${name} Last1`);
}

describe('retries', { timeout: 90_000 }, () => {
  test('UT-52 a short fault has three attempts and leaves no row; a longer one is a row until it is over', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    await using service = await town.start('setup', {
      SYNC_INTERVAL_SECONDS: '3600',
      RETRY_INITIAL_DELAY: '20',
      RETRY_MAX_DELAY: '60',
    });
    await mayBeBusy(town.chat);
    const attempts = () => service.logged(/^Attempt \d+ failed: write the destination/);
    await busyFor(town.chat, 2);
    await rename(town, 'Short');
    expect(attempts().map(({ message }) => /\d+/.exec(message)?.[0])).toEqual(['1', '2']);
    await busyFor(town.chat, 4);
    await rename(town, 'Long');
    await eventually('it is a row', async () => (await town.errors()).length > 0);
    expect(await town.errors()).toMatchObject([{ error_type: 'POOL_ERROR', user_id: null }]);
    await eventually('it is resolved', async () => (await town.errors()).every(({ resolved }) => resolved));
    expect(await town.errors()).toHaveLength(1);
    expect(attempts()).toHaveLength(6);
    // Jitter takes up to half of each wait, and adds nothing: 20, 40, then no more than 60 ms.
    const most = [20, 40, 20, 40, 60, 60];
    for (const [place, { nextInMs }] of attempts().entries()) {
      expect(nextInMs).toBeLessThanOrEqual(most[place] ?? 0);
      expect(nextInMs).toBeGreaterThanOrEqual((most[place] ?? 0) / 2);
    }
  });

  test('UT-52 what the chat refuses for good is not tried again', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    await using service = await town.start('setup', { SYNC_INTERVAL_SECONDS: '3600' });
    await town.chat.query(`ALTER TABLE users ADD CONSTRAINT no_name CHECK (name <> 'Bad Last1')`);
    await town.source.query(`UPDATE users SET first_name = 'Bad' WHERE id = '${idOf(1)}'`);
    await eventually('it is a row', async () => (await town.errors()).length > 0);
    expect(await town.errors()).toMatchObject([{ error_type: 'SYNC_USER_FAILED', user_id: idOf(1) }]);
    expect(service.logged(/^Attempt/)).toEqual([]);
  });
});
