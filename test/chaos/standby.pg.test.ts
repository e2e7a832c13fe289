import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OwnServer, startOwnServer } from '../faults/support/own-server.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { EngineProcess } from './engine-process.ts';
import { isFull } from './extent.ts';
import { ask } from './world/ask.ts';
import type { Places } from './world/configuration.ts';
import { openLiveTemplates, openLiveWorld, watchFromNowOn } from './world/live-world.ts';
import { startLoad } from './world/load.ts';
import { recordTakeover, takeoversOf } from './world/record-takeover.ts';
import { approveAll, expectAllRight, expectTakeover, expectWritten, newestFence } from './world/takeover.ts';
import { until } from './world/until.ts';
import type { Templates, World } from './world/world.ts';

const timeout = 180_000;

let templates: Templates;
let storeServer: OwnServer;
beforeAll(async () => {
  [templates, storeServer] = await Promise.all([openLiveTemplates(18), startOwnServer({ version: 17 })]);
});
afterAll(async () => {
  await storeServer?.[Symbol.asyncDispose]();
  await templates?.[Symbol.asyncDispose]();
  console.info(takeoversOf());
});

/** Two nodes with a way of their own to the store that they share. */
interface Nodes extends AsyncDisposable {
  readonly world: World;
  readonly owner: EngineProcess;
  readonly standby: EngineProcess;
  /** The owner's way to the store. */
  readonly way: FaultProxy;
}

const cuts: readonly (readonly [string, (way: FaultProxy) => Promise<void>])[] = [
  ['in silence', async (way) => way.halfOpen()],
  [
    'with an error',
    async (way) => {
      await way.refuse();
      way.reset();
    },
  ],
];

/** A takeover through the store goes the same way with either; all of them with LOCKSTEP_CHAOS_FULL=1. */
const captures = isFull(process.env) ? (['logical', 'triggers'] as const) : (['logical'] as const);

describe.each(captures)('with %s and a store in PostgreSQL', (capture) => {
  test('a standby takes over from an owner that is killed', { timeout }, async () => {
    await using nodes = await openNodes(capture);
    const { world, owner, standby } = nodes;
    await using load = startLoad(world, 'kill');
    load.truncateFromNowOn();
    await expectTakeover(world, 'killed', async () => void (await owner.kill()));
    await load.stop();
    await expectAllRight(world);
    await standby.stop();
    expect(await standby.end()).toMatchObject({ error: null });
  });

  test('one that stalls and wakes up has lost its pipeline, writes nothing more, and stands by', {
    timeout,
  }, async () => {
    await using nodes = await openNodes(capture);
    const { world, owner, standby } = nodes;
    await using load = startLoad(world, 'stall');
    load.truncateFromNowOn();
    await expectTakeover(world, 'stalled', async () => owner.pause());
    owner.wake();
    await owner.waitForStatus('standby');
    await expectTakeover(world, 'killed after that', async () => void (await standby.kill()));
    await load.stop();
    await expectAllRight(world);
    await owner.stop();
  });
});

/** Of the store: with either capture that is the same. */
const capture = 'logical';

describe('a store in PostgreSQL that can’t be reached', () => {
  test.each(cuts)(
    'an owner that is cut off %s is taken over from, and stands by when it is back',
    {
      timeout,
    },
    async (how, cut) => {
      await using nodes = await openNodes(capture);
      const { world, owner, standby, way } = nodes;
      await using load = startLoad(world, 'cut');
      load.truncateFromNowOn();
      await expectTakeover(world, `cut off ${how}`, async () => cut(way));
      await owner.waitForStatus('standby');
      await way.heal();
      await expectTakeover(world, 'killed after that', async () => void (await standby.kill()));
      await load.stop();
      await expectAllRight(world);
      await owner.stop();
    },
  );

  test('an owner that is cut off, and has nobody to take over, writes nothing once its lease is over', {
    timeout,
  }, async () => {
    await using nodes = await openNodes(capture);
    const { world, owner, standby, way } = nodes;
    await standby.kill();
    await using load = startLoad(world, 'alone');
    load.truncateFromNowOn();
    const fence = await newestFence(world);
    await expectWritten(world, fence - 1);
    way.halfOpen();
    await owner.waitForStatus('standby');
    const endOfLease = await endOfLeaseMs(world);
    await until('it is well over', async () => (await nowMs(world)) > endOfLease + 1_000);
    expect(await newestFence(world)).toBe(fence);
    expect(await lastWriteMs(world)).toBeLessThan(endOfLease);
    const healedAt = performance.now();
    await way.heal();
    await expectWritten(world, fence);
    recordTakeover('the way was back', performance.now() - healedAt);
    await load.stop();
    await expectAllRight(world);
    await owner.stop();
  });

  test('a store that restarts within a lease is not noticed', { timeout }, async () => {
    await using nodes = await openNodes(capture);
    const { world, owner, standby } = nodes;
    await using load = startLoad(world, 'restart');
    load.truncateFromNowOn();
    const fence = await newestFence(world);
    await storeServer.server.restart({ mode: 'immediate' });
    await load.stop();
    await expectAllRight(world);
    expect(await newestFence(world)).toBe(fence);
    expect(owner.said).not.toContain('standby');
    await Promise.all([owner.stop(), standby.stop()]);
  });

  test('while the store is away for longer than a lease nobody writes; then one goes on, and nothing is lost', {
    timeout,
  }, async () => {
    await using nodes = await openNodes(capture);
    const { world, owner, standby } = nodes;
    await using load = startLoad(world, 'away');
    load.truncateFromNowOn();
    const fence = await newestFence(world);
    await storeServer.server.stop({ mode: 'immediate' });
    await owner.waitForStatus('standby');
    await until('the other has noticed, too', () => /store-unreachable|control store/.test(standby.said));
    const backAt = performance.now();
    await storeServer.server.start();
    await expectWritten(world, fence);
    recordTakeover('the store was back', performance.now() - backAt);
    await load.stop();
    await expectAllRight(world);
    await Promise.all([owner.stop(), standby.stop()]);
    expect(await owner.end()).toMatchObject({ error: null });
    expect(await standby.end()).toMatchObject({ error: null });
  });
});

async function openNodes(capture: 'logical' | 'triggers'): Promise<Nodes> {
  await using opening = new AsyncDisposableStack();
  await storeServer.query('DROP SCHEMA IF EXISTS lockstep_control CASCADE');
  const opened = opening.use(await openLiveWorld(templates, capture));
  const world = { ...opened, places: { ...opened.places, store: storeServer.url } };
  const way = opening.use(await startFaultProxy(storeServer.url));
  const node = async (places: Places, status: string): Promise<EngineProcess> => {
    const engine = opening.use(new EngineProcess(places, 'serve'));
    await engine.go();
    await engine.waitForStatus(status, 60_000);
    return engine;
  };
  const owner = await node({ ...world.places, store: way.url(storeServer.url) }, 'live');
  await approveAll(world);
  await watchFromNowOn(world);
  const standby = await node(world.places, 'standby');
  const kept = opening.move();
  return { world, owner, standby, way, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** As the store tells it; both servers are on this machine and have one clock. */
async function endOfLeaseMs({ places }: World): Promise<number> {
  const [row] = await ask<{ at: string }>(
    places.store,
    'SELECT expires_at_ms AS at FROM lockstep_control.leases',
  );
  return Number(row?.at);
}

const numberOf = async ({ places }: World, sql: string): Promise<number> => {
  const [row] = await ask<{ ms: string }>(places.target, `SELECT extract(epoch FROM ${sql}) * 1000 AS ms`);
  return Number(row?.ms);
};

const nowMs = (world: World): Promise<number> => numberOf(world, 'clock_timestamp()');

const lastWriteMs = (world: World): Promise<number> => numberOf(world, '(SELECT max(at) FROM witness.log)');
