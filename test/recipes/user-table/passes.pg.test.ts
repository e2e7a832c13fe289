import { describe, expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { startRealTimeGate } from '../../support/real-time-gate.ts';
import { eventually } from '../support/eventually.ts';
import { openTown } from './support/town.ts';

describe('passes', { timeout: 120_000 }, () => {
  test('UT-60 UT-21 while real time alone is down scheduled passes bring over who changes, comes and goes', async () => {
    await using town = await openTown();
    await using gate = await startRealTimeGate(town.source.url);
    await town.source.query(people(1, 100));
    await using service = await town.start('setup', { SOURCE_DB_PORT: String(gate.proxy.port) });
    const completed = () => service.logged('Scheduled sync completed').length;
    gate.shut();
    await eventually('it is told', () => service.logged(/^Attempt \d+ failed: read changes/).length > 0);
    for (const turn of [1, 2]) {
      const before = completed();
      await town.source.query(
        `UPDATE users SET first_name = 'Turn${turn}' WHERE id = '${idOf(1)}'; DELETE FROM users WHERE id = '${idOf(10 + turn)}'; ${people(100 + turn, 100 + turn)}`,
      );
      await eventually(
        'who changed',
        async () => (await town.chatUser(idOf(1)))?.name === `Turn${turn} Last1`,
      );
      await eventually('who came', async () => (await town.chatUser(idOf(100 + turn))) !== undefined);
      await eventually(
        'who went',
        async () => (await town.chatUser(idOf(10 + turn)))?.metaData?.['deactivatedAt'] !== undefined,
      );
      await eventually('passes go by', () => completed() >= before + 2);
    }
    expect((await service.stats()).healthStatus).toMatchObject({
      status: 'UNHEALTHY',
      checks: {
        realtimeSyncActive: false,
        scheduledSyncActive: true,
        recentSyncSuccess: true,
        lowErrorRate: true,
      },
    });
    expect(await town.errors()).toMatchObject([
      { error_type: 'REALTIME_SYNC_CONNECTION_ERROR', resolved: false },
    ]);
    await town.source.query(`UPDATE users SET first_name = 'Asked' WHERE id = '${idOf(2)}'`);
    expect((await town.command(['sync-all'])).answer).toMatchObject({
      ok: true,
      result: { consistent: true },
    });
    gate.open();
    await service.healthy();
    await town.source.query(`UPDATE users SET first_name = 'Again' WHERE id = '${idOf(1)}'`);
    await eventually('real time', async () => (await town.chatUser(idOf(1)))?.name === 'Again Last1');
    await eventually('it is over', async () => (await town.errors()).every(({ resolved }) => resolved));
    expect((await town.verify()).consistent).toBe(true);
  });
});
