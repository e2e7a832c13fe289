import { describe, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { openPair, type Pair } from './support/pair.ts';
import { manyItems } from './support/rows.ts';
import { count } from './support/states.ts';
import { hastyRetry, openTrial, type TrialOptions } from './support/trial.ts';

const rows = 20_000;
const partitions = 10;
const sides = ['source', 'target'] as const;
type Side = (typeof sides)[number];

interface Scene {
  readonly side: Side;
  readonly create?: boolean;
  readonly config?: TrialOptions['sourceConfig'];
  readonly settings?: TrialOptions['settings'];
}

/** A pipeline whose one side is reached through a proxy; `strike` is called when the first partition is in. */
async function openScene(scene: Scene, strike: (proxy: FaultProxy) => void) {
  await using opened = new AsyncDisposableStack();
  const pair = opened.use(await openPair({ atSource: manyItems(rows) }));
  const proxy = opened.use(await startFaultProxy(pair[scene.side].url));
  const trial = opened.use(await openTrial(optionsOf(scene, pair, proxy)));
  void trial.log.next('partition.finished').then(() => undefined);
  const off = trial.engine.events.on('partition.finished', () => {
    off();
    strike(proxy);
  });
  const kept = opened.move();
  return { ...pair, trial, proxy, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function optionsOf({ side, config = {}, settings }: Scene, pair: Pair, proxy: FaultProxy): TrialOptions {
  const through = (which: Side) => (which === side ? proxy.url(pair[which].url) : pair[which].url);
  return {
    source: through('source'),
    target: through('target'),
    collections: ['items'],
    ...(side === 'source' ? { sourceConfig: config } : { targetConfig: config }),
    settings: { create: true, rowsPerPartition: rows / partitions, ...settings },
  };
}

describe.each(sides)('the connection to the %s', (side) => {
  test.each([
    ['cut', (proxy: FaultProxy) => proxy.cut()],
    ['reset', (proxy: FaultProxy) => proxy.reset()],
  ])('%s in the middle of a copy: goes on by itself, equal', async (_, strike) => {
    await using scene = await openScene({ side }, strike);
    const result = await scene.trial.run();
    expect(result).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
    expect(scene.trial.log.all('retry').length).toBeGreaterThan(0);
    expect(scene.trial.log.all('dead-letter.put')).toEqual([]);
    expect(await scene.expectSame('items')).toBe(rows);
  });

  test('half open: noticed, and goes on once it passes', async () => {
    const config = { stallTimeoutMs: 300, connectTimeoutMs: 500 };
    await using scene = await openScene({ side, config }, (proxy) => proxy.halfOpen());
    const noticed = scene.trial.log.next('retry');
    const running = scene.trial.run();
    expect(['connection-stalled', 'source-short', 'connection-timeout']).toContain((await noticed).code);
    await scene.proxy.heal();
    expect(await running).toMatchObject({ result: 'equal', deadLetters: 0 });
    expect(await scene.expectSame('items')).toBe(rows);
  });

  test('slow is not dead: nothing is repeated', async () => {
    // The copy takes several times as long; a machine that does much else may be silent for a moment itself.
    const config = { stallTimeoutMs: 1_000, connectTimeoutMs: 5_000 };
    await using scene = await openScene({ side, config }, (proxy) => {
      proxy.delay(30);
      proxy.throttle(1_500_000);
    });
    expect(await scene.trial.run()).toMatchObject({ result: 'equal' });
    expect(scene.trial.log.all('retry')).toEqual([]);
    expect(await scene.expectSame('items')).toBe(rows);
  });

  test('gone for good: ends as a connection fault, nothing half done, and the next run finishes', async () => {
    await using scene = await openScene({ side, settings: { retry: hastyRetry, lanes: 1 } }, (proxy) => {
      void proxy.refuse();
      proxy.cut();
    });
    const failure = await scene.trial.failure();
    expect(failure).toMatchObject({ code: 'retries-exhausted', exit: 'connection', exitCode: 4 });
    const finished = scene.trial.log.all('partition.finished').length;
    const there = await count(scene.target, 'items');
    expect(there).toBeLessThan(rows);
    expect(finished).toBeGreaterThan(0);
    await scene.proxy.heal();
    expect(await scene.trial.run()).toMatchObject({ result: 'equal', resumed: true, deadLetters: 0 });
    expect(await scene.expectSame('items')).toBe(rows);
  });
});
