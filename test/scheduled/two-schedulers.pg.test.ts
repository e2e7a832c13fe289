import { expect, test, vi } from 'vitest';
import type { RunRecord } from '../../src/protocol/control-store.ts';
import { startLockstep } from '../cli/lockstep.ts';
import { openShop, type Shop } from './shop.ts';

vi.setConfig({ testTimeout: 120_000 });

const config = `
import { defineConfig, env } from 'lockstep';
export default defineConfig({
  pipelines: {
    shop: {
      source: { connector: 'postgres', url: env('SOURCE_URL') },
      destination: { connector: 'postgres', url: env('DESTINATION_URL') },
      collections: { 'public.items': { scope: 'all' } },
      schedule: { every: '2s', atStart: false },
    },
  },
});
`;

const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 40_000 });

async function startService(shop: Shop) {
  await shop.directory.write('lockstep.config.ts', config);
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
  await using first = await startService(shop);
  await using second = await startService(shop);
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
  await using first = await startService(shop);
  await eventually(async () => (await runsOf(shop)).at(-1)?.result).toBe('running');
  const [died] = await runsOf(shop);
  await using second = await startService(shop);
  await second.waitForLine('standby');
  await first.kill();
  await lock.query('COMMIT');
  await eventually(async () => (await runsOf(shop)).some(({ result }) => result === 'equal')).toBe(true);
  await second.kill('SIGTERM');
  const runs = await runsOf(shop);
  const [dead, next] = runs;
  expect(dead).toMatchObject({ id: died?.id, result: 'interrupted' });
  expect(next).toMatchObject({ result: 'equal', summary: { reason: 'followed' } });
  expect(dueAt(next)).toBeGreaterThanOrEqual(dueAt(dead));
  expectNoOverlap(runs);
});
