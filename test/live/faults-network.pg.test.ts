import { describe, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type Capture, captures, type LiveRun, type LiveTrial, openLiveTrial } from './support/live-trial.ts';
import { rowsIn } from './support/side.ts';

const table = 'CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, body text)';
const fill = `INSERT INTO items SELECT n, 'item ' || n, NULL FROM generate_series(1, 1000) n`;
/** Some megabytes in one transaction. */
const large = `INSERT INTO items SELECT n, 'large', repeat(md5(n::text), 8) FROM generate_series(10001, 30000) n`;

type SideName = 'source' | 'target';

interface Broken extends AsyncDisposable {
  readonly trial: LiveTrial;
  readonly running: LiveRun;
  readonly proxy: FaultProxy;
}

/** A live pipeline whose way to one side leads through a proxy. */
async function openThroughProxy(capture: Capture, side: SideName, patience = {}): Promise<Broken> {
  await using opened = new AsyncDisposableStack();
  const trial = opened.use(await openLiveTrial({ capture }));
  await trial.both(table);
  await trial.source.query(fill);
  const proxy = opened.use(await startFaultProxy(trial[side].url));
  const ways = { [side]: proxy.url(trial[side].url), sourceConfig: patience, targetConfig: patience };
  const running = opened.use(await trial.start({ collections: ['items'] }, ways));
  const kept = opened.move();
  return { trial, running, proxy, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const expectNoHarm = async ({ trial, running }: Broken, rows: number): Promise<void> => {
  await running.inStep('items');
  expect(await trial.expectSame('items')).toBe(rows);
  expect(running.log.all('gap')).toEqual([]);
  expect(running.log.all('dead-letter.put')).toEqual([]);
  await running.live();
  await running.until('the lag is known', () => running.lag === 'inStep');
  await running.stop();
};

const faults: Readonly<Record<string, (proxy: FaultProxy) => void>> = {
  cut: (proxy) => proxy.cut(),
  reset: (proxy) => proxy.reset(),
  'half-open': (proxy) => proxy.halfOpen(),
};
const cases = (['source', 'target'] as const).flatMap((side) =>
  Object.keys(faults).map((fault) => [side, fault] as const),
);

describe.each(captures)('a bad network, with %s (rule 4)', { timeout: 60_000 }, (capture) => {
  test.each(cases)(
    'the connections to the %s are %s in the middle of a large transaction',
    async (side, fault) => {
      await using broken = await openThroughProxy(capture, side);
      const { trial, running, proxy } = broken;
      proxy.throttle(3_000_000);
      const passed = side === 'source' ? 'bytesToClient' : 'bytesToTarget';
      const before = proxy.counters[passed];
      await trial.source.query(large);
      await running.until('it is under way', () => proxy.counters[passed] > before + 1_000_000);
      faults[fault]?.(proxy);
      await running.until('it noticed', () => running.log.all('retry').length > 0);
      // Touches tear a transaction.
      if (capture === 'logical') expect(await rowsIn(trial.target, `items WHERE name = 'large'`)).toBe(0);
      await proxy.heal();
      await expectNoHarm(broken, 21_000);
    },
  );

  test.each(cases)('the connections to the %s are %s while nothing happens', async (side, fault) => {
    await using broken = await openThroughProxy(capture, side);
    const { trial, running, proxy } = broken;
    await running.inStep('items');
    faults[fault]?.(proxy);
    if (fault === 'half-open') {
      await running.until('it noticed', () => running.status.status === 'degraded');
      if (side === 'source') await running.until('nobody knows the lag', () => running.lag === 'unknown');
      await proxy.heal();
    }
    await trial.source.query(`UPDATE items SET name = 'after' WHERE id <= 10`);
    await expectNoHarm(broken, 1000);
  });

  test.each(['source', 'target'] as const)('a slow way to the %s is no fault', async (side) => {
    await using broken = await openThroughProxy(capture, side, { stallTimeoutMs: 20_000 });
    const { trial, running, proxy } = broken;
    proxy.throttle(400_000);
    proxy.delay(20);
    await trial.source.query(
      `INSERT INTO items SELECT n, 'slow', repeat(md5(n::text), 8) FROM generate_series(2001, 14000) n`,
    );
    await running.until('it is behind', () => running.lag === 'behind');
    await running.inStep('items');
    expect(running.log.all('retry')).toEqual([]);
    await proxy.heal();
    await expectNoHarm(broken, 13_000);
  });

  test.each(['source', 'target'] as const)('it stops while the %s is away', async (side) => {
    await using broken = await openThroughProxy(capture, side);
    const { trial, running, proxy } = broken;
    await running.inStep('items');
    await proxy.refuse();
    proxy.cut();
    await running.until('it noticed', () => running.status.status === 'degraded');
    await trial.source.query(`UPDATE items SET name = 'meanwhile' WHERE id <= 10`);
    await running.stop();
    await proxy.heal();
    await using again = await trial.start({ collections: ['items'] });
    await again.inStep('items');
    expect(await trial.expectSame('items')).toBe(1000);
  });
});
