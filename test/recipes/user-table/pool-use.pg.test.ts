import { expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { eventually } from '../support/eventually.ts';
import { openTown } from './support/town.ts';

const sides = ['source', 'chat'] as const;

/** Passes every five seconds are twelve times as many as ordinary ones: they are where most connections are at work. */
test('UT-50 under ordinary load less than half of a pool’s connections are at work, and it warns of nothing', {
  timeout: 90_000,
}, async () => {
  await using town = await openTown();
  await town.source.query(people(1, 2_000));
  await using service = await town.start('setup', { SYNC_INTERVAL_SECONDS: '5' });
  const seen: Record<(typeof sides)[number], number[]> = { source: [], chat: [] };
  const passes = () => service.logged('Scheduled sync completed').length;
  const before = passes();
  let turn = 0;
  await eventually('three passes, while users change', async () => {
    turn += 1;
    await town.source.query(`UPDATE users SET bio = '${turn}' WHERE id = '${idOf(turn % 2_000)}'`);
    const { text } = await service.get('/metrics');
    for (const side of sides)
      seen[side].push(Number(new RegExp(`^sync_${side}_pool_use_ratio (.+)$`, 'm').exec(text)?.[1]));
    return passes() >= before + 3;
  });
  for (const side of sides) {
    const average = seen[side].reduce((sum, use) => sum + use, 0) / seen[side].length;
    expect(average, side).toBeGreaterThan(0.1);
    expect(average, side).toBeLessThan(0.5);
    expect(Math.max(...seen[side]), side).toBeLessThanOrEqual(0.8);
  }
  expect(service.logged('Connections are nearly used up')).toEqual([]);
});
