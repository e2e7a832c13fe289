import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ControlStore, Lease } from '../../src/protocol/control-store.ts';
import { isLockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { openMongodbStore } from '../../src/store/mongodb/open.ts';
import { type MongoSet, startMongoSet } from '../../tools/servers/mongo-set.ts';
import { durationMs, leaseOn, pipeline } from '../conformance/control-store/store-under-test.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { errorOf } from './sqlite-fixture.ts';

const timeout = 60_000;
const entry = (value: number) => [{ space: 's', name: 'n', value }];
const letter = {
  collection: 'users',
  key: '["1"]',
  code: 'value-refused',
  message: 'm',
  failedAtMs: 1,
} as const;

describe('a replica set of three members', () => {
  let set: MongoSet;
  beforeAll(async () => {
    set = await startMongoSet();
  }, timeout);
  afterAll(async () => set?.[Symbol.asyncDispose]());

  const open = (database: string) => openMongodbStore({ url: set.url, database, patienceMs: 20_000 });

  const strikes: readonly (readonly [string, () => Promise<{ start(): Promise<void> } | undefined>])[] = [
    ['whose primary steps down', () => set.stepDown().then(() => undefined)],
    ['whose primary is killed', () => set.killPrimary()],
  ];
  test.each(strikes)(
    '%s while a lease is renewed and much is written: each write happens once',
    {
      timeout,
    },
    async (how, strike) => {
      await using store = await open(how.replaceAll(' ', '_'));
      const lease = await leaseOn(store);
      const work = startWork(store, lease);
      await expect.poll(() => work.counts.renewed).toBeGreaterThan(2);
      const killed = await strike();
      const { renewed, written } = work.counts;
      await expect.poll(() => work.counts.renewed, { timeout: 20_000 }).toBeGreaterThan(renewed + 2);
      await expect.poll(() => work.counts.written, { timeout: 20_000 }).toBeGreaterThan(written + 2);
      await work.stop();
      expect((await store.leases.get(pipeline))?.fence).toBe(lease.fence);
      expect(await store.checkpoints.get(pipeline, 's', 'n')).toBe(work.counts.written);
      const [found] = await store.deadLetters.list(pipeline, { limit: 2 });
      expect(found?.attempts).toBe(work.counts.written);
      const asked = (await store.requests.open(pipeline)).map(({ detail }) => detail);
      expect(asked).toEqual(Array.from({ length: work.counts.written }, (_, n) => n + 1));
      await killed?.start();
    },
  );

  test('two that want the same lease while primaries change: never two owners, and fences only grow', {
    timeout,
  }, async () => {
    await using one = await open('contended');
    await using other = await open('contended');
    const over = new AbortController();
    const contenders = [contend(one, 'node-a', over.signal), contend(other, 'node-b', over.signal)];
    const fences = async () => (await one.leases.get(pipeline))?.fence ?? 0;
    for (let change = 0; change < 2; change += 1) {
      const before = await fences();
      await set.stepDown();
      await expect.poll(fences, { timeout: 20_000 }).toBeGreaterThan(before + 3);
    }
    over.abort();
    const taken = (await Promise.all(contenders)).flat();
    expect(new Set(taken).size).toBe(taken.length);
    const written = await one.checkpoints.list(pipeline, 'owners');
    expect(written.every(({ name, value }) => Number(name) === value)).toBe(true);
  });
});

describe('a connection that is cut', () => {
  test('anywhere, also where an answer to a commit is lost: each write happens once', {
    timeout,
  }, async () => {
    await using database = await createMongoDatabase();
    await using proxy = await startFaultProxy(database.url);
    await using store = await openMongodbStore({ url: directly(proxy.url(database.url)) });
    const { fence } = await leaseOn(store);
    const attempts = 20;
    for (let n = 0; n < attempts; n += 1) {
      // From the answer to the first statement to beyond the end, in steps that hit each of them.
      void proxy.cutAfter(1 + n * 150, { direction: 'toClient', how: n % 2 === 0 ? 'fin' : 'rst' });
      await store.deadLetters.put({ pipeline, fence }, [letter], 10);
      await store.requests.ask(pipeline, { kind: 'replay', detail: n, askedAtMs: n });
      await proxy.heal();
    }
    const open = await store.requests.open(pipeline);
    expect(open.map(({ detail }) => detail)).toEqual(Array.from({ length: attempts }, (_, n) => n));
    const [found] = await store.deadLetters.list(pipeline, { limit: 2 });
    expect(found?.attempts).toBe(attempts);
  });

  test('a network that swallows everything: told as unreachable, and it goes on when it is back', {
    timeout,
  }, async () => {
    await using database = await createMongoDatabase();
    await using proxy = await startFaultProxy(database.url);
    await using store = await openMongodbStore({ url: directly(proxy.url(database.url)), patienceMs: 500 });
    const lease = await leaseOn(store);
    proxy.halfOpen();
    expect(await errorOf(store.leases.renew(lease, durationMs))).toMatchObject({
      code: 'store-unreachable',
      class: 'transient',
    });
    await proxy.heal();
    await expect
      .poll(() => store.leases.renew(lease, durationMs).catch(() => null), { timeout: 20_000 })
      .toMatchObject({ fence: lease.fence });
  });
});

/** Through the proxy alone: a driver that knows the set would go to the member itself. */
function directly(url: string): string {
  const direct = new URL(url);
  direct.search = '?directConnection=true';
  return direct.href;
}

/** Renews, and beside it saves, puts the same letter again, and asks; until it is stopped. */
function startWork(store: ControlStore, lease: Lease) {
  const counts = { renewed: 0, written: 0 };
  let isOver = false;
  const renewing = async (): Promise<void> => {
    for (; !isOver; counts.renewed += 1)
      expect(await store.leases.renew(lease, durationMs)).toMatchObject({ fence: lease.fence });
  };
  const writing = async (): Promise<void> => {
    for (let next = 1; !isOver; next += 1) {
      await store.checkpoints.save(lease, entry(next));
      await store.deadLetters.put(lease, [letter], 10);
      await store.requests.ask(pipeline, { kind: 'replay', detail: next, askedAtMs: next });
      counts.written = next;
    }
  };
  const done = Promise.all([renewing(), writing()]);
  return {
    counts,
    stop: async (): Promise<void> => {
      isOver = true;
      await done;
    },
  };
}

/** Takes a short lease again and again; who has it writes its fence until it is refused. Returns the fences that it was given. */
async function contend(store: ControlStore, owner: string, signal: AbortSignal): Promise<readonly number[]> {
  const fences: number[] = [];
  while (!signal.aborted) {
    const lease = await store.leases.acquire({ pipeline, owner, durationMs: 50 });
    if (lease === null) continue;
    fences.push(lease.fence);
    for (let isOwner = true; isOwner && !signal.aborted; ) {
      const name = String(lease.fence);
      isOwner = await store.checkpoints
        .save(lease, [{ space: 'owners', name, value: await newestSeen(store, lease.fence) }])
        .then(() => true, isRefused);
    }
  }
  return fences;
}

/** Its own fence, unless a newer owner has written: then both would be owners at once, if that were still saved. */
async function newestSeen(store: ControlStore, own: number): Promise<number> {
  const written = await store.checkpoints.list(pipeline, 'owners');
  return Math.max(own, ...written.map(({ name }) => Number(name)));
}

function isRefused(thrown: unknown): false {
  if (isLockstepError(thrown, 'fence-lost')) return false;
  throw thrown;
}
