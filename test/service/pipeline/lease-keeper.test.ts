import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ControlStore, Lease } from '../../../src/protocol/control-store.ts';
import { LockstepError } from '../../../src/protocol/errors/lockstep-error.ts';
import { LeaseKeeper } from '../../../src/service/pipeline/lease-keeper.ts';
import { openStoreUnderTest } from '../../store/sqlite-fixture.ts';

const durationMs = 300;
const settings = { durationMs, owner: 'node-a', wasWaitedFor: false, atLeast: 0 };

const away = () => new LockstepError('store-unreachable', { address: 'db', detail: 'the network is down' });

/** A store whose answers to renewals a test decides about. */
function withRenewals(store: ControlStore, renew: ControlStore['leases']['renew']): ControlStore {
  const { acquire, get, release } = store.leases;
  return {
    ...store,
    nowMs: () => store.nowMs(),
    leases: { acquire, get, release, renew },
    [Symbol.asyncDispose]: async () => {},
  };
}

async function lossOf({ signal }: LeaseKeeper): Promise<string> {
  const held = setInterval(() => undefined, 1000);
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  clearInterval(held);
  const reason: unknown = signal.reason;
  if (!(reason instanceof LockstepError)) throw new Error('lost without a reason', { cause: reason });
  return reason.code;
}

test('a lease that can’t be renewed is given up before it could be another’s', async () => {
  const startedAt = performance.now();
  await using under = await openStoreUnderTest();
  const store = withRenewals(under.store, () => Promise.reject(away()));
  await using keeper = await LeaseKeeper.take(store, 'shop', { ...settings, durationMs: 2000 });
  expect(await lossOf(keeper)).toBe('lease-unrenewed');
  under.clock.pass(performance.now() - startedAt);
  expect(await under.store.leases.acquire({ pipeline: 'shop', owner: 'node-b', durationMs })).toBeNull();
});

test('a store that does not even answer keeps nobody in doubt', async () => {
  await using under = await openStoreUnderTest();
  const store = withRenewals(under.store, () => new Promise<Lease | null>(() => undefined));
  await using keeper = await LeaseKeeper.take(store, 'shop', settings);
  expect(await lossOf(keeper)).toBe('lease-unrenewed');
});

test('a store that was away for a moment is asked again, and the lease is kept', async () => {
  await using under = await openStoreUnderTest();
  let asked = 0;
  const store = withRenewals(under.store, (lease, ms) => {
    asked += 1;
    return asked % 3 === 1 ? Promise.reject(away()) : under.store.leases.renew(lease, ms);
  });
  await using keeper = await LeaseKeeper.take(store, 'shop', settings);
  while (asked < 9) await delay(10);
  expect(keeper.signal.aborted).toBe(false);
});

test('a lease that another has is lost as such', async () => {
  await using under = await openStoreUnderTest();
  await using keeper = await LeaseKeeper.take(under.store, 'shop', settings);
  await under.store.leases.acquire({ pipeline: 'shop', owner: 'node-a', durationMs });
  expect(await lossOf(keeper)).toBe('fence-lost');
});

test('what does not pass by itself ends it at once', async () => {
  await using under = await openStoreUnderTest();
  const broken = new LockstepError('store-unusable', { path: 'x', detail: 'it is damaged' });
  const store = withRenewals(under.store, () => Promise.reject(broken));
  await using keeper = await LeaseKeeper.take(store, 'shop', settings);
  expect(await lossOf(keeper)).toBe('store-unusable');
});

test('a process that was paused for longer than its lease hears first whether another took it', async () => {
  await using under = await openStoreUnderTest();
  await using kept = await LeaseKeeper.take(under.store, 'shop', settings);
  await using taken = await LeaseKeeper.take(under.store, 'crm', settings);
  await under.store.leases.acquire({ pipeline: 'crm', owner: 'node-a', durationMs });
  sleepWithoutTurning(durationMs * 2);
  expect(await lossOf(taken)).toBe('fence-lost');
  await delay(durationMs);
  expect(kept.signal.aborted).toBe(false);
});

test('ended, it has given the lease back; to a store that is away that can’t be told', async () => {
  await using under = await openStoreUnderTest();
  const keeper = await LeaseKeeper.take(under.store, 'shop', settings);
  await keeper[Symbol.asyncDispose]();
  expect(await under.store.leases.get('shop')).toBeNull();
  const store = withRenewals(under.store, (lease, ms) => under.store.leases.renew(lease, ms));
  const unheard = { ...store, leases: { ...store.leases, release: () => Promise.reject(away()) } };
  const other = await LeaseKeeper.take(unheard, 'shop', settings);
  await other[Symbol.asyncDispose]();
  expect(await under.store.leases.get('shop')).not.toBeNull();
});

/** As a process that is stopped: no timer fires meanwhile. */
function sleepWithoutTurning(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
