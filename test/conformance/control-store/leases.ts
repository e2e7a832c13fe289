import { describe, expect, test } from 'vitest';
import type { Lease } from '../../../src/protocol/control-store.ts';
import { durationMs, leaseOn, type OpenStore, pipeline } from './store-under-test.ts';

/** Leaves a server, whose clock goes on meanwhile, time to answer. */
const mostOfIt = durationMs * 0.7;

const request = (owner: string) => ({ pipeline, owner, durationMs });

export function leaseConformance(open: OpenStore): void {
  describe('leases', () => {
    takingLeases(open);
    keepingLeases(open);
  });
}

function takingLeases(open: OpenStore): void {
  test('a free lease is given, seen through another handle, and held against others', async () => {
    await using under = await open();
    const other = await under.reopen();
    expect(await other.leases.get(pipeline)).toBeNull();
    const lease = await leaseOn(under.store, 'node-a');
    expect(await other.leases.get(pipeline)).toEqual(lease);
    expect(await other.leases.acquire(request('node-b'))).toBeNull();
    expect(await other.leases.acquire({ ...request('node-b'), pipeline: 'crm' })).not.toBeNull();
  });

  test('names that no pipeline can have are leases and checkpoints of their own', async () => {
    await using under = await open();
    const { store } = under;
    const own = `@alerts/${pipeline}`;
    const lease = await leaseOn(store, 'node-a');
    const other = await store.leases.acquire({ ...request('node-b'), pipeline: own });
    expect(other).toMatchObject({ pipeline: own, owner: 'node-b', fence: 1 });
    const entry = { space: 'alerts', name: 'lag' };
    await store.checkpoints.save({ pipeline: own, fence: other?.fence ?? 0 }, [{ ...entry, value: 1 }]);
    await store.checkpoints.save({ pipeline, fence: lease.fence }, [{ ...entry, value: 2 }]);
    await store.removePipeline({ pipeline, fence: lease.fence });
    expect(await store.checkpoints.get(own, 'alerts', 'lag')).toBe(1);
    expect(await store.checkpoints.get(pipeline, 'alerts', 'lag')).toBeUndefined();
  });

  test('its owner takes it again with a higher fence', async () => {
    await using under = await open();
    const first = await leaseOn(under.store, 'node-a');
    expect((await leaseOn(under.store, 'node-a')).fence).toBe(first.fence + 1);
  });

  test('one that ran out goes to another with a higher fence', async () => {
    await using under = await open();
    const first = await leaseOn(under.store, 'node-a');
    await under.passTime(durationMs + 1);
    const second = await leaseOn(await under.reopen(), 'node-b');
    expect(second.fence).toBe(first.fence + 1);
    expect(second.owner).toBe('node-b');
  });

  test('a released one goes to another at once, with a higher fence', async () => {
    await using under = await open();
    const first = await leaseOn(under.store, 'node-a');
    await under.store.leases.release(first);
    expect(await under.store.leases.get(pipeline)).toBeNull();
    expect((await leaseOn(under.store, 'node-b')).fence).toBe(first.fence + 1);
  });

  test('the fence is higher than what a destination has seen', async () => {
    await using under = await open();
    const lease = await under.store.leases.acquire({ ...request('node-a'), atLeast: 4_000_000_000_000 });
    expect(lease?.fence).toBe(4_000_000_000_001);
    const again = await under.store.leases.acquire({ ...request('node-a'), atLeast: 7 });
    expect(again?.fence).toBe(4_000_000_000_002);
  });

  test('of many that ask at once through several handles, one gets it', async () => {
    await using under = await open();
    const stores = [under.store, await under.reopen(), await under.reopen()];
    const asked = stores.flatMap((store, handle) =>
      [0, 1, 2].map((n) => store.leases.acquire(request(`node-${handle}-${n}`))),
    );
    const given = (await Promise.all(asked)).filter((lease): lease is Lease => lease !== null);
    expect(given).toHaveLength(1);
    expect(await under.store.leases.get(pipeline)).toEqual(given[0]);
  });
}

function keepingLeases(open: OpenStore): void {
  test('a renewed one lasts longer, with the same fence', async () => {
    await using under = await open();
    const lease = await leaseOn(under.store, 'node-a');
    await under.passTime(mostOfIt);
    const renewed = await under.store.leases.renew(lease, durationMs);
    expect(renewed?.fence).toBe(lease.fence);
    expect(renewed?.expiresAtMs).toBeGreaterThan(lease.expiresAtMs);
    await under.passTime(mostOfIt);
    expect(await under.store.leases.acquire(request('node-b'))).toBeNull();
  });

  test('one that ran out and that nobody took can be renewed', async () => {
    await using under = await open();
    const lease = await leaseOn(under.store, 'node-a');
    await under.passTime(durationMs * 3);
    expect((await under.store.leases.renew(lease, durationMs))?.fence).toBe(lease.fence);
    expect(await under.store.leases.acquire(request('node-b'))).toBeNull();
  });

  test('one that somebody else took, or that was taken again, can be neither renewed nor released', async () => {
    await using under = await open();
    const first = await leaseOn(under.store, 'node-a');
    const second = await leaseOn(under.store, 'node-a');
    expect(await under.store.leases.renew(first, durationMs)).toBeNull();
    await under.passTime(durationMs + 1);
    const third = await leaseOn(under.store, 'node-b');
    expect(await under.store.leases.renew(second, durationMs)).toBeNull();
    await under.store.leases.release(second);
    expect(await under.store.leases.get(pipeline)).toEqual(third);
  });
}
