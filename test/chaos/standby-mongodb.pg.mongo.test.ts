import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MongoSet, startMongoSet } from '../../tools/servers/mongo-set.ts';
import { EngineProcess } from './engine-process.ts';
import type { Places } from './world/configuration.ts';
import { openLiveTemplates, openLiveWorld, watchFromNowOn } from './world/live-world.ts';
import { startLoad } from './world/load.ts';
import { takeoversOf } from './world/record-takeover.ts';
import { approveAll, expectAllRight, expectTakeover, newestFence } from './world/takeover.ts';
import type { Templates } from './world/world.ts';

const timeout = 180_000;

let templates: Templates;
let store: MongoSet;
beforeAll(async () => {
  [templates, store] = await Promise.all([openLiveTemplates(18), startMongoSet()]);
}, timeout);
afterAll(async () => {
  await store?.[Symbol.asyncDispose]();
  await templates?.[Symbol.asyncDispose]();
  console.info(takeoversOf());
});

test('with a store in MongoDB: a primary that steps down is not noticed, and an owner that stalls, wakes and is killed is taken over from', {
  timeout,
}, async () => {
  await using opened = await openLiveWorld(templates, 'logical');
  const world = { ...opened, places: { ...opened.places, store: store.url } };
  await using owner = await start(world.places, 'live');
  await approveAll(world);
  await watchFromNowOn(world);
  await using standby = await start(world.places, 'standby');
  await using load = startLoad(world, 'mongodb');
  load.truncateFromNowOn();
  const fence = await newestFence(world);
  await store.stepDown();
  await expectTakeover(world, 'store in MongoDB, stalled', async () => owner.pause());
  expect(await newestFence(world)).toBe(fence + 1);
  owner.wake();
  await owner.waitForStatus('standby');
  await expectTakeover(world, 'store in MongoDB, killed', async () => void (await standby.kill()));
  await load.stop();
  await expectAllRight(world);
  await owner.stop();
  expect(await owner.end()).toMatchObject({ error: null });
});

async function start(places: Places, status: string): Promise<EngineProcess> {
  const engine = new EngineProcess(places, 'serve');
  await engine.go();
  await engine.waitForStatus(status, 60_000);
  return engine;
}
