import { describe, expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Town } from './support/town.ts';

const openTypes = async (town: Town): Promise<readonly string[]> =>
  (await town.errors()).filter(({ resolved }) => !resolved).map(({ error_type }) => error_type);

describe('passes that fail', { timeout: 90_000 }, () => {
  test('UT-48 a pass that fails again and again while changes are in step is a row until one ends', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    // Who waits for a lock gives up: reading the chat's users fails for a reason that passes, while nobody writes any.
    await town.chat.query(`ALTER DATABASE ${town.chat.name} SET lock_timeout = '50ms'`);
    await using service = await town.start('setup');
    const holder = await town.chat.connect();
    await holder.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    await eventually(
      'it is a row',
      async () => (await openTypes(town)).includes('SCHEDULED_SYNC_FAILED'),
      async () => service.child.stdout.slice(-2_000),
    );
    expect(await openTypes(town)).toEqual(['SCHEDULED_SYNC_FAILED']);
    await holder.query('COMMIT');
    await eventually('it is resolved', async () => (await openTypes(town)).length === 0);
    await service.healthy();
  });

  test('UT-26 UT-48 UT-59 users that have stopped are no success, and stay a row, until the cause is mended and sync-all is run', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    await using service = await town.start('setup');
    await eventually('a pass succeeds', () => service.logged('Scheduled sync completed').length > 0);
    await town.chat.query('ALTER TABLE users RENAME COLUMN avatar TO portrait');
    await eventually(
      'it is a row',
      async () => (await openTypes(town)).includes('COMPLETE_SYNC_FAILED'),
      async () => service.child.stdout.slice(-2_000),
    );
    const { lastSyncTime } = await service.stats();
    const completed = service.logged('Scheduled sync completed').length;
    await eventually('passes compare nobody', () => service.logged(/compared nobody/).length >= 2);
    const stats = await service.stats();
    expect(stats).toMatchObject({ lastSyncTime, isRealTimeActive: false });
    expect(stats.consecutiveFailures).toBeGreaterThanOrEqual(2);
    expect(service.logged('Scheduled sync completed')).toHaveLength(completed);
    expect(await openTypes(town)).toEqual(['COMPLETE_SYNC_FAILED']);
    const told = [
      (await service.get('/status')).text,
      JSON.stringify((await town.command(['status'])).answer),
    ];
    for (const text of told) {
      expect(text).toContain('Then: lockstep user-table sync-all"');
      expect(text).not.toMatch(/lockstep (?!user-table)/);
    }
    await town.chat.query('ALTER TABLE users RENAME COLUMN portrait TO avatar');
    await town.source.query(`UPDATE users SET first_name = 'Late' WHERE id = '${idOf(1)}'`);
    expect((await town.command(['sync-all'])).answer).toMatchObject({ result: { consistent: true } });
    expect(await town.chatUser(idOf(1))).toMatchObject({ name: 'Late Last1' });
    await eventually('it is resolved', async () => (await openTypes(town)).length === 0);
    await service.healthy();
    await eventually('it is counted anew', async () => (await service.stats()).consecutiveFailures === 0);
  });

  test('UT-39 users that are renamed away and back are followed again after what the service itself says is done', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    await using service = await town.start('setup', { SYNC_INTERVAL_SECONDS: '3600' });
    await town.source.query('ALTER TABLE users RENAME TO elsewhere');
    await town.source.query(`UPDATE elsewhere SET first_name = 'Away' WHERE id = '${idOf(2)}'`);
    await eventually('health is red', async () => (await service.get('/health')).code === 503);
    await town.source.query('ALTER TABLE elsewhere RENAME TO users');
    expect(JSON.stringify(service.logged('Users: stopped'))).toContain('Then: lockstep user-table sync-all"');
    expect((await town.command(['sync-all'])).answer).toMatchObject({ result: { consistent: true } });
    await service.healthy();
    await town.source.query(`UPDATE users SET first_name = 'Seen' WHERE id = '${idOf(1)}'`);
    const called = async (name: string, id: number) => (await town.chatUser(idOf(id)))?.name === name;
    await eventually('who changed meanwhile is here', () => called('Away Last2', 2));
    await eventually('changes are followed', () => called('Seen Last1', 1));
  });

  test('UT-19 UT-21 UT-50 it is counted and unhealthy, though changes are in step', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    await town.chat.query(`ALTER DATABASE ${town.chat.name} SET lock_timeout = '50ms'`);
    await using service = await town.start('setup', { MAX_CONSECUTIVE_FAILURES: '3' });
    const holder = await town.chat.connect();
    await holder.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    await eventually(
      'the passes are unhealthy, and nothing else',
      async () => {
        const { healthStatus, consecutiveFailures, isSyncInProgress } = await service.stats();
        const { scheduledSyncActive, ...others } = healthStatus.checks;
        const isElseWell = Object.values(others).every((holds) => holds);
        return !scheduledSyncActive && isElseWell && consecutiveFailures > 3 && isSyncInProgress;
      },
      async () => (await service.get('/status')).text,
    );
    expect((await service.get('/health')).code).toBe(503);
    expect(service.logged('Consecutive failures are above their limit')).toHaveLength(1);
    await holder.query('COMMIT');
    await service.healthy();
    expect(await service.stats()).toMatchObject({ consecutiveFailures: 0 });
  });
});
