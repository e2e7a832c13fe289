import { describe, expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Service } from './support/town.ts';

const metric = async (service: Service, name: string): Promise<number> =>
  Number(new RegExp(`^${name} (.+)$`, 'm').exec((await service.get('/metrics')).text)?.[1]);

const recommended = async (service: Service): Promise<string> =>
  (await service.stats()).healthStatus.recommendations.join();

/** Whatever we call ourselves. */
const connections = async (database: TestDatabase): Promise<number> => {
  const { rows } = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND (application_name LIKE 'lockstep%' OR application_name LIKE 'user-sync%')`,
  );
  return rows[0]?.count ?? 0;
};

describe('limits', { timeout: 90_000 }, () => {
  test('UT-50 memory and pools above their limits are told, and health stays green', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 100));
    await using service = await town.start('setup', { MEMORY_WARNING_MB: '1', POOL_WARNING_PERCENT: '1' });
    await eventually('it warns', async () => (await metric(service, 'sync_warnings')) === 3);
    expect(service.logged('Memory is above its limit')).toMatchObject([
      { level: 'WARNING', limit: 1, memoryMb: expect.any(Number) },
    ]);
    for (const side of ['SOURCE', 'CHAT'])
      expect(service.logged(`Connections are nearly used up: ${side}_DB_POOL_SIZE`)).toHaveLength(1);
    expect(await metric(service, 'sync_memory_bytes')).toBeGreaterThan(10_000_000);
    for (const side of ['source', 'chat']) {
      const use = await metric(service, `sync_${side}_pool_use_ratio`);
      expect(use).toBeGreaterThan(0.05);
      expect(use).toBeLessThanOrEqual(1);
    }
    expect((await service.get('/health')).code).toBe(200);
    expect(await recommended(service)).toMatch(/memory.*SOURCE_DB_POOL_SIZE.*CHAT_DB_POOL_SIZE/);
  });

  test('UT-50 failed users and failures in a row are told', async () => {
    await using town = await openTown();
    await using proxy = await startFaultProxy(town.chat.url);
    await town.source.query(people(1, 20));
    await town.chat.query(`ALTER TABLE users ADD CONSTRAINT no_name CHECK (name <> 'Bad Last5')`);
    await using service = await town.start('setup', {
      CHAT_DB_PORT: String(proxy.port),
      MAX_CONSECUTIVE_FAILURES: '2',
    });
    expect(await metric(service, 'sync_warnings')).toBe(0);
    await town.source.query(`UPDATE users SET first_name = 'Bad' WHERE id = '${idOf(5)}'`);
    await eventually('the rate is told', () => service.logged('More than 1 % of').length === 1);
    expect(await metric(service, 'sync_error_rate_ratio')).toBeGreaterThan(0.01);
    await proxy.refuse();
    proxy.reset();
    await eventually('failures are told', () => service.logged('Consecutive failures').length > 0);
    expect(await recommended(service)).toContain('newest rows of sync_errors');
    await proxy.heal();
    await eventually(
      'none is in a row any more',
      async () => (await service.stats()).consecutiveFailures === 0,
    );
  });

  test.each(['8', '10', '15', '20'])(
    'UT-51 never more connections than a pool of %s allows',
    async (size) => {
      await using town = await openTown();
      await town.source.query(people(1, 5_000));
      await using service = await town.begin('setup', {
        SYNC_INTERVAL_SECONDS: '1',
        SOURCE_DB_POOL_SIZE: size,
        CHAT_DB_POOL_SIZE: size,
        // Many partitions and windows, so that all lanes have work.
        BATCH_SIZE: '5',
      });
      const most = { source: 0, chat: 0 };
      let turn = 0;
      await eventually('three passes, while changes come', async () => {
        turn += 1;
        const from = (turn % 40) * 50;
        await town.source.query(
          `UPDATE users SET bio = '${turn}' WHERE id BETWEEN '${idOf(from)}' AND '${idOf(from + 20)}'`,
        );
        most.source = Math.max(most.source, await connections(town.source));
        most.chat = Math.max(most.chat, await connections(town.chat));
        return service.logged('Scheduled sync completed').length >= 3;
      });
      expect(most.source).toBeLessThanOrEqual(Number(size));
      expect(most.chat).toBeLessThanOrEqual(Number(size));
      expect(Math.min(most.source, most.chat)).toBeGreaterThan(2);
    },
  );
});
