import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { EventBus } from '../../../src/engine/event-bus.ts';
import type { ControlStore } from '../../../src/protocol/control-store.ts';
import { processSpace } from '../../../src/service/pipeline/process-space.ts';
import { takeLease } from '../../../src/service/pipeline/take-lease.ts';
import { leaseOn } from '../../conformance/control-store/store-under-test.ts';
import { errorOf, openStoreUnderTest } from '../../store/sqlite-fixture.ts';

const events = new EventBus((error) => {
  throw error;
});
/** Its process id is above what any system gives. */
const dead = `${hostname()}/${2 ** 30}/${processSpace()}/abc`;

/** The same store, as one that other machines may use; tells when it was asked for the lease for the third time. */
function asShared(store: ControlStore): { readonly shared: ControlStore; readonly third: Promise<void> } {
  const third = Promise.withResolvers<void>();
  let asked = 0;
  const acquire: ControlStore['leases']['acquire'] = (request) => {
    asked += 1;
    if (asked === 3) third.resolve();
    return store.leases.acquire(request);
  };
  const { get, renew, release } = store.leases;
  const shared = {
    ...store,
    isShared: true,
    nowMs: () => store.nowMs(),
    leases: { acquire, get, renew, release },
    [Symbol.asyncDispose]: async () => {},
  };
  return { shared, third: third.promise };
}

test('the lease of a process that died on this machine is taken at once', async () => {
  await using under = await openStoreUnderTest();
  const { fence } = await leaseOn(under.store, dead);
  const { signal } = new AbortController();
  await using taken = await takeLease(under.store, 'shop', { events, signal, atLeast: 0 });
  expect(taken.fence).toBe(fence + 1);
});

test('in a store of several machines it is waited for: nobody there can be known to be dead', async () => {
  await using under = await openStoreUnderTest();
  const lease = await leaseOn(under.store, dead);
  const { shared, third } = asShared(under.store);
  const { signal } = new AbortController();
  const taking = takeLease(shared, 'shop', { events, signal, atLeast: 0 });
  await third;
  expect(await under.store.leases.get('shop')).toEqual(lease);
  under.clock.pass(5_001);
  await using taken = await taking;
  expect(taken.wasWaitedFor).toBe(true);
});

test('whoever is stopped while it waits was interrupted', async () => {
  await using under = await openStoreUnderTest();
  await leaseOn(under.store, 'another');
  const { shared, third } = asShared(under.store);
  const stop = new AbortController();
  const taking = takeLease(shared, 'shop', { events, signal: stop.signal, atLeast: 0, standsBy: true });
  const error = errorOf(taking);
  await third;
  stop.abort(new Error('SIGTERM'));
  expect(await error).toMatchObject({ code: 'interrupted' });
});
