import { describe, expect, test } from 'vitest';
import { people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Service } from './support/town.ts';

const env = { SYNC_INTERVAL_SECONDS: '1' };

const failingChecks = async (service: Service): Promise<readonly string[]> =>
  Object.entries((await service.stats()).healthStatus.checks).flatMap(([check, holds]) =>
    holds ? [] : [check],
  );

const redForThem = (service: Service): Promise<void> =>
  eventually(
    'health is red for users that fail, and for nothing else',
    async () => (await failingChecks(service)).join() === 'lowErrorRate',
    async () => (await service.get('/status')).text,
  );

const passes = (service: Service, count: number): Promise<void> =>
  eventually(
    `${count} passes go by`,
    () => service.logged('Scheduled sync completed').length >= count,
    () => service.child.stdout.slice(-2_000),
  );

describe('users that fail', { timeout: 120_000 }, () => {
  test('UT-21 UT-50 while one in twenty fails health is red, over many passes and over restarts, and green once they are right', async () => {
    await using town = await openTown({ env });
    await town.source.query(people(1, 40));
    await town.chat.query(
      `ALTER TABLE users ADD CONSTRAINT no_name CHECK (name NOT IN ('First5 Last5', 'First6 Last6'))`,
    );
    {
      await using service = await town.begin('setup');
      await passes(service, 7);
      await redForThem(service);
      expect((await service.get('/metrics')).text).toContain('\nsync_error_rate_ratio 0.05\n');
      expect(service.logged('More than 1 % of the users')).toHaveLength(1);
      expect((await service.stats()).healthStatus.recommendations.join()).toContain(
        '`lockstep user-table letters`',
      );
      await service.stop();
    }
    {
      // Nobody passes over all users here.
      await using service = await town.begin('realtime');
      await redForThem(service);
      await service.stop();
    }
    await using service = await town.begin();
    await passes(service, 2);
    await redForThem(service);
    await town.chat.query('ALTER TABLE users DROP CONSTRAINT no_name');
    await service.healthy();
    expect((await service.get('/metrics')).text).toContain('\nsync_error_rate_ratio 0\n');
  });
});
