import { describe, expect, test } from 'vitest';
import { people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { startHttpReceiver } from '../../support/receivers/http-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { openTown } from './support/town.ts';

describe('wrong input', { timeout: 90_000 }, () => {
  test.each([
    [['begin'], 'no command begin'],
    [['start', 'now'], 'takes no argument now'],
    [['bulk', '5', '5', '5'], 'takes no argument 5'],
    [['status', '--repair'], 'takes no --repair'],
    [['bulk', '0'], 'from 1'],
    [['bulk', '1', '-1'], 'from 0'],
    [['verify', '--fast'], 'nknown option'],
  ])('UT-59 %j is refused, and nothing is touched', async (args, says) => {
    await using town = await openTown();
    const { code, answer } = await town.command(args);
    expect([code, answer.error?.code]).toEqual([3, 'usage']);
    expect(answer.error?.message).toContain(says);
    expect(await town.chatUsers()).toEqual([]);
  });

  test('UT-59 a port that is taken is told, and nothing is touched', async () => {
    await using town = await openTown();
    await using other = await startHttpReceiver();
    await town.source.query(people(1, 5));
    const { code, answer } = await town.command(['setup'], { HTTP_PORT: new URL(other.url).port });
    expect([code, answer.error?.code]).toEqual([3, 'listen-failed']);
    expect(await town.chatUsers()).toEqual([]);
    expect(await town.errors()).toEqual([]);
  });

  test('UT-59 an empty marketplace is no trouble, and whoever registers first arrives', async () => {
    await using town = await openTown();
    await using service = await town.start('setup');
    expect(await town.chatUsers()).toEqual([]);
    expect(await town.verify()).toMatchObject({ sourceCount: 0, chatCount: 0, consistent: true });
    await town.source.query(people(1, 1));
    await eventually('the first is there', async () => (await town.chatUsers()).length === 1);
    await service.stop();
  });

  test('UT-59 both databases away at the start are waited for, and it stops when it is asked to', async () => {
    await using town = await openTown({ ports: { source: 1, chat: 1 } });
    await using service = await town.begin('start', { MAX_RECONNECT_ATTEMPTS: '2' });
    await eventually('it is told loudly', () => service.logged(/^Attempt 2 to reach/)[0]?.level === 'ERROR');
    expect((await service.get('/health')).code).toBe(503);
    const { errors, consecutiveFailures, healthStatus } = await service.stats();
    expect(errors).toBeGreaterThan(1);
    expect(consecutiveFailures).toBe(errors);
    expect(healthStatus.checks.realtimeSyncActive).toBe(false);
    const { code, stdout } = await service.stop();
    expect(code).toBe(0);
    expect(stdout).toContain('Final statistics');
  });
});
