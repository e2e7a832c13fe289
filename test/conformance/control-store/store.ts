import { expect, test } from 'vitest';
import {
  collectKeys,
  expectFenceLost,
  leaseOn,
  type OpenStore,
  pagesOf,
  pipeline,
} from './store-under-test.ts';

export function storeConformance(open: OpenStore): void {
  test('a store keeps its id, and another store has another', async () => {
    await using one = await open();
    await using other = await open();
    expect(one.store.storeId).not.toBe('');
    expect((await one.reopen()).storeId).toBe(one.store.storeId);
    expect(other.store.storeId).not.toBe(one.store.storeId);
  });

  test('a removed pipeline is forgotten, others are not', async () => {
    await using under = await open();
    const { store } = under;
    for (const name of [pipeline, 'crm']) {
      const { fence } = await leaseOn(store, 'node-a', name);
      await store.checkpoints.save({ pipeline: name, fence }, [
        { space: 'pass', name: 'current', value: { step: 1 } },
      ]);
      await store.deadLetters.put(
        { pipeline: name, fence },
        [{ collection: 'users', key: '["1"]', code: 'value-refused', message: 'm', failedAtMs: 1 }],
        10,
      );
      const guard = { collection: 'users', leaving: 1, total: 2, samples: [], raisedAtMs: 1 };
      await store.guards.raise({ pipeline: name, fence }, guard, pagesOf(['["1"]']));
      await store.runs.begin({ pipeline: name, fence }, { kind: 'run', startedAtMs: 1 });
      await store.requests.ask(name, { kind: 'replay', detail: null, askedAtMs: 1 });
      await store.requests.setPaused(name, { sinceMs: 1, reason: 'r' });
    }
    const { fence } = await leaseOn(store);
    await store.removePipeline({ pipeline, fence });
    const left = async (name: string) => [
      await store.checkpoints.get(name, 'pass', 'current'),
      await store.deadLetters.count(name),
      (await store.guards.list(name)).length,
      await collectKeys(store.guards.keys(name, 'users')),
      (await store.runs.list(name, 10)).length,
      (await store.deadLetters.newest(name)) > 0,
      (await store.requests.open(name)).length,
      (await store.requests.paused(name))?.reason,
    ];
    expect(await left(pipeline)).toEqual([undefined, 0, 0, [], 0, false, 0, undefined]);
    expect(await left('crm')).toEqual([{ step: 1 }, 1, 1, ['["1"]'], 1, true, 1, 'r']);
  });

  test('the fence of a removed pipeline goes on growing', async () => {
    await using under = await open();
    const lease = await leaseOn(under.store);
    await under.store.removePipeline({ pipeline, fence: lease.fence });
    await under.store.leases.release(lease);
    expect((await leaseOn(under.store, 'node-b')).fence).toBeGreaterThan(lease.fence);
  });

  test('an old owner removes nothing', async () => {
    await using under = await open();
    const old = await leaseOn(under.store);
    const { fence } = await leaseOn(under.store);
    await under.store.checkpoints.save({ pipeline, fence }, [{ space: 'pass', name: 'current', value: 1 }]);
    await expectFenceLost(under.store.removePipeline({ pipeline, fence: old.fence }));
    expect(await under.store.checkpoints.get(pipeline, 'pass', 'current')).toBe(1);
  });
}
