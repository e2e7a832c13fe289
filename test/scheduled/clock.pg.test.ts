import { afterEach, expect, test, vi } from 'vitest';
import { expectSameTable } from '../support/export.ts';
import { openShop, startShop } from './shop.ts';

vi.setConfig({ testTimeout: 120_000 });

const hourMs = 3_600_000;
const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 60_000 });
const realNow = Date.now.bind(Date);

/** As on a host whose clock was set: what measures time runs as ever. */
function clockIsWrongBy(milliseconds: number): void {
  vi.restoreAllMocks();
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + milliseconds);
}

const clockShows = (iso: string): void => clockIsWrongBy(Date.parse(iso) - realNow());

afterEach(() => {
  vi.restoreAllMocks();
});

test('a clock that is set forward by hours and back again: runs go on by what it shows, one for each moment', async () => {
  await using shop = await openShop();
  await using running = await startShop(shop, { every: '1s' });
  const runs = async () => (await running.runs()).filter(({ result }) => result === 'equal');
  await eventually(async () => (await runs()).length).toBeGreaterThan(1);
  for (const [turn, wrongBy] of [5 * hourMs, -5 * hourMs, 0].entries()) {
    clockIsWrongBy(wrongBy);
    const setAtMs = realNow();
    await shop.source.query(`INSERT INTO items VALUES (${100 + turn}, 'turn ${turn}')`);
    const ofThisTurn = async () =>
      (await runs()).filter(({ dueAtMs }) => Math.abs((dueAtMs ?? 0) - wrongBy - setAtMs) < hourMs);
    const before = (await ofThisTurn()).length;
    await eventually(async () => (await ofThisTurn()).length).toBeGreaterThan(before + 1);
  }
  await running.stop();
  await expectSameTable({ url: shop.source.url, table: 'items' }, { url: shop.target.url, table: 'items' });
  const served = (await running.runs()).map(({ dueAtMs }) => dueAtMs);
  expect(new Set(served).size).toBe(served.length);
  expect(running.heard.failed).toEqual([]);
});

const berlin = (cron: string) => ({ cron, timeZone: 'Europe/Berlin', atStart: false });

test('an hour that does not come on the night when clocks go forward is run after it, once', async () => {
  await using shop = await openShop();
  // 01:59:48; twelve seconds later it is 03:00, and 02:30 is at 03:30.
  clockShows('2026-03-29T00:59:48Z');
  await using running = await startShop(shop, berlin('0 3 * * *'));
  await eventually(async () => (await running.runs()).length).toBe(1);
  expect((await running.runs())[0]?.dueAtMs).toBe(Date.UTC(2026, 2, 29, 1));
  await running.stop();
  clockShows('2026-03-29T01:29:48Z');
  await using skipped = await startShop(shop, berlin('30 2 * * *'));
  await eventually(async () => (await skipped.runs()).length).toBe(2);
  expect((await skipped.runs())[0]?.dueAtMs).toBe(Date.UTC(2026, 2, 29, 1, 30));
  await skipped.stop();
});

test('an hour that comes twice on the night when clocks go back is run once', async () => {
  await using shop = await openShop();
  clockShows('2026-10-25T00:29:48Z');
  await using running = await startShop(shop, berlin('30 2 * * *'));
  await eventually(async () => (await running.runs()).length).toBe(1);
  expect((await running.runs())[0]?.dueAtMs).toBe(Date.UTC(2026, 9, 25, 0, 30));
  // 02:29:48 again, an hour later.
  clockShows('2026-10-25T01:29:48Z');
  await eventually(() => Date.now()).toBeGreaterThan(Date.UTC(2026, 9, 25, 1, 30, 3));
  const [status] = await running.engine.status('shop');
  expect(status?.scheduled?.nextAtMs).toBe(Date.UTC(2026, 9, 26, 1, 30));
  expect(await running.runs()).toHaveLength(1);
  await running.stop();
});
