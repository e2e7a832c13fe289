import { expect, test, vi } from 'vitest';
import type { RunEntry } from '../../src/index.ts';
import { leaseOn, release } from '../service/pipeline/fixture.ts';
import { expectSameTable } from '../support/export.ts';
import { openShop, startShop } from './shop.ts';

vi.setConfig({ testTimeout: 60_000 });

const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 20_000 });
const endedOf = (runs: readonly RunEntry[]) => runs.filter(({ result }) => result !== 'running');

/** In the order in which they began; no two at a time, no moment twice. */
function expectInOrder(runs: readonly RunEntry[]): void {
  const inOrder = runs.toReversed();
  for (const [index, run] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before === undefined) continue;
    expect(run.startedAtMs).toBeGreaterThanOrEqual(before.endedAtMs ?? Number.POSITIVE_INFINITY);
    expect(run.dueAtMs ?? 0).toBeGreaterThan(before.dueAtMs ?? 0);
  }
}

test('a scheduled pipeline runs when it starts and whenever it is due, and its history says so', async () => {
  await using shop = await openShop();
  await using running = await startShop(shop, { every: '1s' });
  await eventually(async () => endedOf(await running.runs()).length).toBeGreaterThan(0);
  await shop.source.query(`INSERT INTO items VALUES (101, 'new')`);
  await eventually(async () => (await shop.target.query('SELECT FROM items WHERE id = 101')).rowCount).toBe(
    1,
  );
  await eventually(async () => endedOf(await running.runs()).length).toBeGreaterThan(3);
  await running.stop();
  const runs = await running.runs();
  expect(runs.at(-1)).toMatchObject({ kind: 'run', result: 'equal', failure: null, reason: 'scheduled' });
  expect(runs.at(-1)?.counts?.copied).toBe(20);
  expect(runs.reduce((sum, { counts }) => sum + (counts?.inserted ?? 0), 0)).toBe(1);
  expect(runs.slice(0, -1).every(({ dueAtMs }) => (dueAtMs ?? 1) % 1_000 === 0)).toBe(true);
  expectInOrder(runs);
  expect(running.heard.status.at(-1)).toMatchObject({ status: 'stopped' });
  const idle = running.heard.status.filter(({ status }) => status === 'idle');
  expect(idle[0]?.nextStep).toMatch(/^the next run is due at 20\d\d-/);
  const [status] = await running.engine.status('shop');
  expect(status).toMatchObject({
    status: 'idle',
    scheduled: { text: 'every 1s', nextAtMs: expect.any(Number), failuresInARow: 0 },
    nextStep: expect.stringMatching(/^a run is due at .* if lockstep start runs$/),
  });
  expect(status?.runs[0]).toEqual(runs[0]);
});

test('told not to, it waits for the first moment', async () => {
  await using shop = await openShop();
  await using running = await startShop(shop, { cron: '0 0 1 1 *', atStart: false });
  await eventually(() => running.heard.status.at(-1)).toMatchObject({
    status: 'idle',
    reason: 'no run was due yet',
  });
  expect(await running.runs()).toEqual([]);
  await running.stop();
});

test('what becomes due while a run is under way follows it at once, once, after a warning', async () => {
  await using shop = await openShop();
  const lock = await shop.target.connect();
  await lock.query('BEGIN; LOCK TABLE items IN SHARE MODE');
  await using running = await startShop(shop, { every: '2s' });
  await eventually(() => running.heard['run.near-interval'].length).toBe(1);
  const { elapsedMs = 0, intervalMs } = running.heard['run.near-interval'][0] ?? {};
  expect(intervalMs).toBe(2_000);
  expect(elapsedMs).toBeGreaterThanOrEqual(1_600);
  // Several more moments come while it is held up.
  const heldUntilMs = Date.now() + 5_000;
  await eventually(() => Date.now()).toBeGreaterThan(heldUntilMs);
  expect(await running.runs()).toHaveLength(1);
  await lock.query('COMMIT');
  await eventually(async () => endedOf(await running.runs()).length).toBeGreaterThan(2);
  await running.stop();
  const runs = (await running.runs()).toReversed();
  const [first, followed] = runs;
  expect([first?.reason, followed?.reason]).toEqual(['scheduled', 'followed']);
  // Of the moments that came meanwhile it serves the newest; none is left for another run.
  expect(Math.abs((first?.endedAtMs ?? 0) - (followed?.dueAtMs ?? 0))).toBeLessThan(2_000);
  expectInOrder(runs.toReversed());
});

test('a run that fails is kept and counted, and the next moment is its next attempt', async () => {
  await using shop = await openShop();
  await using running = await startShop(shop, { every: '1s' });
  await eventually(async () => endedOf(await running.runs()).length).toBeGreaterThan(0);
  // Before a run begins: what it needs is not there.
  await shop.source.query('ALTER TABLE items RENAME TO hidden');
  const statusOf = async () => (await running.engine.status('shop'))[0];
  await eventually(async () => (await statusOf())?.scheduled?.failuresInARow).toBeGreaterThan(1);
  const failing = await statusOf();
  expect(failing).toMatchObject({
    status: 'failed',
    reason: expect.stringMatching(/^the last \d+ runs failed$/),
  });
  expect(failing?.runs[0]).toMatchObject({ result: 'failed', failure: { code: 'not-ready' } });
  expect(running.heard.failed.length).toBeGreaterThan(1);
  expect(running.heard.status.at(-1)).toMatchObject({ status: 'failed' });
  await shop.source.query('ALTER TABLE hidden RENAME TO items');
  await eventually(async () => (await statusOf())?.scheduled?.failuresInARow).toBe(0);
  await running.stop();
  expectInOrder(await running.runs());
});

test('a pipeline that somebody else works on is waited for, and then run', async () => {
  await using shop = await openShop();
  await leaseOn(shop.store);
  await using running = await startShop(shop, { every: '1s' });
  await eventually(() => running.heard.status.at(-1)).toMatchObject({ status: 'standby' });
  expect(await running.runs()).toEqual([]);
  await release(shop.store);
  await eventually(async () => endedOf(await running.runs()).length).toBeGreaterThan(0);
  await running.stop();
  expect((await running.runs()).at(-1)).toMatchObject({ reason: 'followed', result: 'equal' });
});

test('a moment that another process serves meanwhile is not served again', async () => {
  await using shop = await openShop();
  const by = await leaseOn(shop.store);
  await using running = await startShop(shop, { cron: '0 0 1 1 *' });
  await eventually(() => running.heard.status.at(-1)).toMatchObject({ status: 'standby' });
  const nowMs = Date.now();
  const summary = { reason: 'scheduled', dueAtMs: nowMs };
  const id = await shop.store.runs.begin(by, { kind: 'run', startedAtMs: nowMs, summary });
  await shop.store.runs.end(by, id, { result: 'equal', endedAtMs: nowMs, summary });
  await eventually(() => running.heard.status.at(-1)).toMatchObject({
    status: 'idle',
    reason: 'another process made the run that was due',
  });
  await release(shop.store);
  await running.stop();
  expect(await running.runs()).toHaveLength(1);
});

test('a pipeline that is paused is not run, which is no failure, and goes on when it is resumed', async () => {
  await using shop = await openShop();
  await using running = await startShop(shop, { every: '1s' });
  await eventually(async () => endedOf(await running.runs()).length).toBeGreaterThan(0);
  await running.engine.pause('shop', { reason: 'index is being built' });
  await eventually(() => running.heard.status.at(-1)).toMatchObject({
    status: 'paused',
    reason: expect.stringMatching(/index is being built/),
  });
  expect((await running.engine.status('shop'))[0]).toMatchObject({
    status: 'paused',
    reason: 'index is being built',
  });
  const before = (await running.runs()).length;
  const pausedAt = running.heard.status.length;
  await eventually(() => running.heard.status.length).toBeGreaterThan(pausedAt + 1);
  expect(await running.runs()).toHaveLength(before);
  await running.engine.resume('shop');
  await eventually(async () => (await running.runs()).length).toBeGreaterThan(before);
  await running.stop();
  expect((await running.runs()).filter(({ result }) => result === 'failed')).toEqual([]);
});

test('a pause that comes while a run waits for its turn keeps it from being made, which is no failure', async () => {
  await using shop = await openShop();
  await leaseOn(shop.store);
  await using running = await startShop(shop, { cron: '0 0 1 1 *', atStart: false });
  const told: string[] = [];
  running.engine.events.on('notice', ({ message }) => void told.push(message));
  const asked = running.engine.run('shop').catch((error: unknown) => error);
  // It has looked whether it is paused, and waits for the lease.
  await eventually(() => told).toHaveLength(1);
  await running.engine.pause('shop', { reason: 'index is being built' });
  await release(shop.store);
  expect(await asked).toMatchObject({ code: 'pipeline-paused' });
  await running.stop();
  expect(await running.runs()).toEqual([]);
  expect(running.heard.failed).toEqual([]);
});

test('a run that was asked for is one, between those that are due', async () => {
  await using shop = await openShop();
  await using running = await startShop(shop, { cron: '0 0 1 1 *', atStart: false });
  await eventually(() => running.heard.status.at(-1)).toMatchObject({ status: 'idle' });
  expect(await running.engine.run('shop')).toMatchObject({ result: 'equal' });
  expect(await running.runs()).toMatchObject([{ reason: 'asked', dueAtMs: null, result: 'equal' }]);
  await expectSameTable({ url: shop.source.url, table: 'items' }, { url: shop.target.url, table: 'items' });
});
