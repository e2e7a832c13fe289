import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Town } from './support/town.ts';

/** By hand, with `LOCKSTEP_FULL_LENGTH=1`: the default settings, and faults as long as the contract has them. */
const isWanted = process.env['LOCKSTEP_FULL_LENGTH'] === '1';
const tenMinutesMs = 600_000;

const defaults = {
  SYNC_INTERVAL_SECONDS: '60',
  RETRY_INITIAL_DELAY: '1000',
  RETRY_MAX_DELAY: '30000',
};

const rename = (first: string, id: number): string =>
  `UPDATE users SET first_name = '${first}' WHERE id = '${idOf(id)}'`;

const nameOf = async (town: Town, id: number): Promise<string | undefined> =>
  (await town.chatUser(idOf(id)))?.name;

const report = (line: string): boolean => process.stdout.write(`${line}\n`);

describe.skipIf(!isWanted).concurrent('at full length', { timeout: tenMinutesMs + 300_000 }, () => {
  test('UT-37 a transaction of ten minutes holds back changes and no pass, and arrives at its end', async () => {
    await using town = await openTown({ env: defaults });
    await town.source.query(people(1, 10_000));
    await using service = await town.start('setup');
    const late = await town.source.connect();
    await late.query(`BEGIN; ${rename('Late', 1)}`);
    const [openedAt, completed] = [
      performance.now(),
      () => service.logged('Scheduled sync completed').length,
    ];
    const before = completed();
    const waits: number[] = [];
    for (let turn = 2; performance.now() - openedAt < tenMinutesMs; turn += 1) {
      const changedAt = performance.now();
      await town.source.query(rename(`Turn${turn}`, turn));
      while ((await nameOf(town, turn)) !== `Turn${turn} Last${turn}`) await delay(250);
      waits.push((performance.now() - changedAt) / 1000);
      expect(await nameOf(town, 1)).toBe('First1 Last1');
    }
    const passes = completed() - before;
    const committedAt = performance.now();
    await late.query('COMMIT');
    await eventually('it is there', async () => (await nameOf(town, 1)) === 'Late Last1');
    const seconds = ((performance.now() - committedAt) / 1000).toFixed(2);
    report(
      `open for ten minutes: ${passes} passes, ${waits.length} changes there after ${Math.max(...waits).toFixed(0)} s at most; its own ${seconds} s after the commit`,
    );
    expect(passes).toBeGreaterThan(5);
    expect((await town.verify()).consistent).toBe(true);
  });

  test('UT-32 the chat is away for ten minutes, and nothing is lost', async () => {
    await using town = await openTown({ env: defaults });
    await using proxy = await startFaultProxy(town.chat.url);
    await town.source.query(people(1, 10_000));
    await using service = await town.start('setup', {
      CHAT_DB_HOST: '127.0.0.1',
      CHAT_DB_PORT: String(proxy.port),
    });
    await proxy.refuse();
    proxy.reset();
    const awaySince = performance.now();
    for (let turn = 1; performance.now() - awaySince < tenMinutesMs; turn += 1) {
      await town.source.query(rename(`Away${turn}`, turn));
      await delay(5_000);
    }
    expect((await service.get('/health')).code).toBe(503);
    await proxy.heal();
    const backAt = performance.now();
    while (!(await town.verify()).consistent) await delay(1_000);
    report(
      `away for ten minutes: in step ${((performance.now() - backAt) / 1000).toFixed(0)} s after it was back`,
    );
    await service.healthy();
  });
});
