import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineProcess } from './engine-process.ts';
import { ask } from './world/ask.ts';
import { openLiveTemplates, openLiveWorld, watchFromNowOn } from './world/live-world.ts';
import { startLoad } from './world/load.ts';
import {
  approveAll,
  expectAllRight,
  expectWritten,
  longestTakeoverMs,
  newestFence,
} from './world/takeover.ts';
import { until } from './world/until.ts';
import type { Templates, World } from './world/world.ts';

const timeout = 180_000;

let templates: Templates;
beforeAll(async () => {
  templates = await openLiveTemplates(18);
});
afterAll(() => templates[Symbol.asyncDispose]());

describe.each(['logical', 'triggers'] as const)('with %s', (capture) => {
  test('of two engines one runs and the other stands by until the first is gone', { timeout }, async () => {
    await using world = await openLiveWorld(templates, capture);
    await using one = new EngineProcess(world.places, 'serve');
    await one.go();
    await one.waitForStatus('live');
    await using other = new EngineProcess(world.places, 'serve');
    await other.go();
    await other.waitForStatus('standby');
    await approveAll(world);
    await watchFromNowOn(world);
    await using load = startLoad(world, 'two');
    load.truncateFromNowOn();
    const killedAt = performance.now();
    await one.kill();
    await expectWritten(world, await newestFence(world));
    expect(performance.now() - killedAt).toBeLessThan(longestTakeoverMs);
    await load.stop();
    await expectAllRight(world);
    await other.stop();
    expect(await other.end()).toMatchObject({ error: null });
  });

  test('an engine that is paused until another took over writes nothing more, whenever it wakes', {
    timeout,
  }, async () => {
    await using world = await openLiveWorld(templates, capture);
    await using paused = new EngineProcess(world.places, 'start');
    await paused.go();
    await paused.waitForStatus('live');
    await approveAll(world);
    await watchFromNowOn(world);
    await using load = startLoad(world, 'pause');
    load.truncateFromNowOn();
    await expectWritten(world, 0);
    await using other = new EngineProcess(world.places, 'serve');
    await other.go();
    await other.waitForStatus('standby');
    const fence = await newestFence(world);
    const pausedAt = performance.now();
    await pauseBetweenWrites(paused, world);
    await expectWritten(world, fence);
    expect(performance.now() - pausedAt).toBeLessThan(longestTakeoverMs);
    paused.wake();
    expect(await paused.end()).toMatchObject({ error: 'fence-lost' });
    await load.stop();
    await expectAllRight(world);
    await other.stop();
  });

  test('an owner that woke up stands by, and takes over again when the next one is gone', {
    timeout,
  }, async () => {
    await using world = await openLiveWorld(templates, capture);
    await using one = new EngineProcess(world.places, 'serve');
    await one.go();
    await one.waitForStatus('live');
    await approveAll(world);
    await watchFromNowOn(world);
    await using load = startLoad(world, 'back');
    load.truncateFromNowOn();
    await using other = new EngineProcess(world.places, 'serve');
    await other.go();
    const first = await newestFence(world);
    await pauseBetweenWrites(one, world);
    await expectWritten(world, first);
    one.wake();
    await one.waitForStatus('standby');
    const second = await newestFence(world);
    await other.kill();
    await expectWritten(world, second);
    await load.stop();
    await expectAllRight(world);
    await one.stop();
  });

  test('a transaction that the old owner has open does not hold up the new one', { timeout }, async () => {
    await using world = await openLiveWorld(templates, capture);
    await using paused = new EngineProcess(world.places, 'start');
    await paused.go();
    await paused.waitForStatus('live');
    await approveAll(world);
    await watchFromNowOn(world);
    const client = await world.target.connect();
    await client.query('BEGIN; LOCK TABLE shop.meters IN SHARE MODE');
    await ask(world.places.source, `UPDATE shop.meters SET v = nextval('shop.versions')`);
    await waitsForMeters(world);
    await pauseBetweenWrites(paused, world);
    const fence = await newestFence(world);
    const pausedAt = performance.now();
    await using other = new EngineProcess(world.places, 'start');
    await other.go();
    const isTaken = async () => (await newestFence(world)) > fence;
    await until('the fence is raised', isTaken, { patienceMs: longestTakeoverMs });
    await client.query('COMMIT');
    await expectWritten(world, fence);
    expect(performance.now() - pausedAt).toBeLessThan(longestTakeoverMs);
    paused.wake();
    expect(await paused.end()).toMatchObject({ error: 'fence-lost' });
    await expectAllRight(world);
    await other.stop();
  });
});

/** Who stops in the middle of a write to a shared file keeps its lock: nobody takes over then until that process goes on or dies. */
async function pauseBetweenWrites(engine: EngineProcess, { places: { store } }: World): Promise<void> {
  for (engine.pause(); !isWritable(store); engine.pause()) {
    engine.wake();
    await delay(20);
  }
}

function isWritable(store: string): boolean {
  const database = new DatabaseSync(store);
  try {
    database.exec('PRAGMA busy_timeout = 300; BEGIN IMMEDIATE; ROLLBACK');
    return true;
  } catch (thrown) {
    if (String(thrown).includes('database is locked')) return false;
    throw thrown;
  } finally {
    database.close();
  }
}

const waitsForMeters = ({ places }: World): Promise<void> =>
  until('somebody waits for the meters', async () => {
    const waiting = `SELECT 1 FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation = 'shop.meters'::regclass`;
    return (await ask(places.target, waiting)).length > 0;
  });
