import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { expectSameTable } from '../support/export.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type OwnServer, startOwnServer } from './support/own-server.ts';
import { items, manyItems } from './support/rows.ts';
import { openTrial, type Trial, type TrialOptions } from './support/trial.ts';

const rows = 30_000;
let source: OwnServer;
let target: OwnServer;

beforeAll(async () => {
  [source, target] = await Promise.all([startOwnServer({ version: 18 }), startOwnServer({ version: 17 })]);
});
afterAll(async () => {
  await source?.[Symbol.asyncDispose]();
  await target?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  const drop = 'DROP TABLE IF EXISTS items; DROP SCHEMA IF EXISTS lockstep CASCADE';
  await source.query(`${drop}; ${manyItems(rows)}`);
  await target.query(drop);
});

const open = (proxy: FaultProxy, settings: TrialOptions['settings'] = {}): Promise<Trial> =>
  openTrial({
    source: proxy.url(source.url),
    target: target.url,
    collections: ['items'],
    settings: { create: true, rowsPerPartition: 4_000, ...settings },
  });

const judged = (): Promise<number> =>
  expectSameTable({ url: source.url, table: 'items' }, { url: target.url, table: 'items' });

const restart = (own: OwnServer) => own.server.restart();
const crash = (own: OwnServer) => own.server.kill().then(() => own.server.start());

describe.each([
  ['source', () => source],
  ['target', () => target],
] as const)('the server of the %s', (_, which) => {
  test.each([
    ['is restarted', restart],
    ['crashes and comes back', crash],
  ])('%s in the middle of a copy', async (_how, strike) => {
    await using proxy = await startFaultProxy(source.url);
    await using trial = await open(proxy);
    proxy.throttle(4_000_000);
    const begun = trial.log.next('partition.finished');
    const running = trial.run();
    await begun;
    await strike(which());
    await proxy.heal();
    expect(await running).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
    expect(trial.log.all('retry').length).toBeGreaterThan(0);
    expect(await judged()).toBe(rows);
  });

  test('is restarted in the middle of a comparison', async () => {
    await using proxy = await startFaultProxy(source.url);
    await using trial = await open(proxy);
    await trial.run();
    await source.query(
      `UPDATE items SET name = 'changed' WHERE id % 1000 = 0; DELETE FROM items WHERE id % 1500 = 0`,
    );
    const compared = Promise.withResolvers<void>();
    trial.engine.events.on('rows.done', ({ verb }) => verb === 'compared' && compared.resolve());
    proxy.delay(10);
    const running = trial.run();
    await compared.promise;
    await restart(which());
    await proxy.heal();
    expect(await running).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
    expect(await judged()).toBe(rows - Math.floor(rows / 1500));
  });
});

test('a snapshot that is lost: what was finished is compared again in the next one', async () => {
  await using proxy = await startFaultProxy(source.url);
  await using trial = await open(proxy, { lanes: 1 });
  proxy.throttle(4_000_000);
  const finished = Promise.withResolvers<void>();
  let seen = 0;
  trial.engine.events.on('partition.finished', () => {
    seen += 1;
    if (seen === 2) finished.resolve();
  });
  const running = trial.run();
  await finished.promise;
  // A row moves from the partitions to come into one that is finished, one of those is changed, one is gone.
  await source.query(`UPDATE items SET id = 0 WHERE id = ${rows}; UPDATE items SET name = 'new' WHERE id = 1;
    DELETE FROM items WHERE id = 2; ${items(rows + 1, rows + 100)};
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lockstep%'`);
  await proxy.heal();
  expect(await running).toMatchObject({ result: 'equal', deadLetters: 0 });
  expect(trial.log.all('retry').length).toBeGreaterThan(0);
  expect(await judged()).toBe(rows + 99);
});

test('a snapshot that is lost in a comparison: all of it is compared in one moment', async () => {
  await using proxy = await startFaultProxy(source.url);
  await using trial = await open(proxy, { lanes: 1 });
  await trial.run();
  proxy.delay(10);
  const compared = Promise.withResolvers<void>();
  let seen = 0;
  trial.engine.events.on('rows.done', ({ verb }) => {
    if (verb !== 'compared') return;
    seen += 1;
    if (seen === 3) compared.resolve();
  });
  const running = trial.run();
  await compared.promise;
  await source.query(`UPDATE items SET id = 0 WHERE id = ${rows}; UPDATE items SET name = 'new' WHERE id = 1;
    DELETE FROM items WHERE id = 2;
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lockstep%'`);
  await proxy.heal();
  expect(await running).toMatchObject({ result: 'equal', deadLetters: 0 });
  expect(await judged()).toBe(rows - 1);
});

test('a source that does not come back: a connection fault, and the next run finishes', async () => {
  await using proxy = await startFaultProxy(source.url);
  await using trial = await open(proxy, {
    lanes: 1,
    retry: { attempts: 3, initialDelayMs: 20, maxDelayMs: 50, factor: 1.5 },
  });
  proxy.throttle(4_000_000);
  const begun = trial.log.next('partition.finished');
  const failing = trial.failure();
  await begun;
  await source.server.kill();
  expect(await failing).toMatchObject({ code: 'retries-exhausted', exit: 'connection' });
  await source.server.start();
  await proxy.heal();
  expect(await trial.run()).toMatchObject({ result: 'equal', resumed: true });
  expect(await judged()).toBe(rows);
});
