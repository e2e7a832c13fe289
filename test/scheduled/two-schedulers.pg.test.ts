import { expect, test, vi } from 'vitest';
import type { RunRecord } from '../../src/protocol/control-store.ts';
import { startLockstep } from '../cli/lockstep.ts';
import { openShop, type Shop } from './shop.ts';

vi.setConfig({ testTimeout: 120_000 });

const config = (schedule: object) => `
import { defineConfig, env } from 'lockstep';
export default defineConfig({
  pipelines: {
    shop: {
      source: { connector: 'postgres', url: env('SOURCE_URL') },
      destination: { connector: 'postgres', url: env('DESTINATION_URL') },
      collections: { 'public.items': { scope: 'all' } },
      schedule: ${JSON.stringify({ ...schedule, atStart: false })},
    },
  },
});
`;

/** What two services may take to start. */
const leadMs = 15_000;

const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 40_000 });

async function startService(shop: Shop, schedule: object) {
  await shop.directory.write('lockstep.config.ts', config(schedule));
  const env = { SOURCE_URL: shop.source.url, DESTINATION_URL: shop.target.url };
  return startLockstep(['start', '--no-http'], { cwd: shop.directory.path, env });
}

/** Oldest first. */
const runsOf = async ({ store }: Shop): Promise<readonly RunRecord[]> =>
  (await store.runs.list('shop', 1_000)).toReversed();

const dueAt = (run: RunRecord | undefined): number => Number(Object(run?.summary).dueAtMs);

function expectNoOverlap(runs: readonly RunRecord[]): void {
  for (const [index, run] of runs.entries())
    expect(run.startedAtMs).toBeGreaterThanOrEqual(runs[index - 1]?.endedAtMs ?? 0);
}

test('two schedulers on one store make one run for each moment, and one goes on when the other is killed', async () => {
  await using shop = await openShop();
  await using first = await startService(shop, { every: '2s' });
  await using second = await startService(shop, { every: '2s' });
  for (const child of [first, second]) await child.waitForLine('"msg":"started"');
  await eventually(async () => (await runsOf(shop)).length).toBeGreaterThan(3);
  await first.kill();
  const before = (await runsOf(shop)).length;
  await eventually(async () => (await runsOf(shop)).length).toBeGreaterThan(before + 2);
  const end = await second.kill('SIGTERM');
  expect(end.code, end.stderr).toBe(0);
  const runs = await runsOf(shop);
  const served = runs.filter(({ result }) => result !== 'interrupted').map(dueAt);
  expect(served).toEqual([...new Set(served)].sort());
  expect(served.every((moment) => moment % 2_000 === 0)).toBe(true);
  expectNoOverlap(runs);
});

test('a run whose process is killed is made again by the other scheduler, for the same moment', async () => {
  await using shop = await openShop();
  const lock = await shop.target.connect();
  await lock.query('BEGIN; LOCK TABLE items IN SHARE MODE');
  // Both wait for it before it comes, and the next one comes in an hour.
  const moment = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + leadMs);
  const cron = `${moment.getUTCSeconds()} ${moment.getUTCMinutes()} * * * *`;
  await using first = await startService(shop, { cron, timeZone: 'UTC' });
  await using second = await startService(shop, { cron, timeZone: 'UTC' });
  for (const child of [first, second]) await child.waitForLine('"msg":"started"');
  expect(Date.now(), 'both have started in time').toBeLessThan(moment.getTime());
  await eventually(async () => (await runsOf(shop)).at(-1)?.result).toBe('running');
  const [died] = await runsOf(shop);
  const owner = (await shop.store.leases.get('shop'))?.owner ?? '';
  const [killed, other] = owner.includes(`/${first.pid}/`) ? [first, second] : [second, first];
  await other.waitForLine('standby');
  await killed.kill();
  await lock.query('COMMIT');
  await eventually(async () => (await runsOf(shop)).some(({ result }) => result === 'equal')).toBe(true);
  await other.kill('SIGTERM');
  const runs = await runsOf(shop);
  const [dead, next] = runs;
  expect(dead).toMatchObject({ id: died?.id, result: 'interrupted' });
  expect(next).toMatchObject({ result: 'equal', summary: { reason: 'followed' } });
  expect([dead, next].map(dueAt)).toEqual([moment.getTime(), moment.getTime()]);
  expectNoOverlap(runs);
});
