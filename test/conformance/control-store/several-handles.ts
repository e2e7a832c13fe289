import { describe, expect, test } from 'vitest';
import type { ControlStore } from '../../../src/protocol/control-store.ts';
import { isLockstepError } from '../../../src/protocol/errors/lockstep-error.ts';
import type { Fence } from '../../../src/protocol/names.ts';
import {
  collectKeys,
  durationMs,
  expectFenceLost,
  leaseOn,
  type OpenStore,
  pagesOf,
  pipeline,
} from './store-under-test.ts';

/** Each handle stands for a process. */
export function severalHandlesConformance(open: OpenStore): void {
  describe('several processes at once', () => {
    ownersConformance(open);
    othersConformance(open);
  });
}

function ownersConformance(open: OpenStore): void {
  test('once another has the lease, nothing of the owner before appears, whatever it had under way', async () => {
    await using under = await open();
    const other = await under.reopen();
    const old = await leaseOn(under.store, 'node-a');
    const saving = Promise.all([0, 1, 2].map((lane) => saveUntilLost(under.store, old.fence, lane)));
    await under.passTime(durationMs + 1);
    const taken = await takeWhatRanOut(other);
    const atTakeover = await other.checkpoints.list(pipeline, 'lanes');
    await saving;
    expect(await other.checkpoints.list(pipeline, 'lanes')).toEqual(atTakeover);
    await other.checkpoints.save({ pipeline, fence: taken }, [{ space: 'lanes', name: 'new', value: 1 }]);
  });

  test('a lease that ran out and that nobody took lets its owner write', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.passTime(durationMs * 3);
    await under.store.checkpoints.save({ pipeline, fence }, [{ space: 's', name: 'n', value: 1 }]);
    expect(await under.store.checkpoints.get(pipeline, 's', 'n')).toBe(1);
  });

  test('an owner that is replaced between raising a guard and clearing it does not clear it', async () => {
    await using under = await open();
    const old = await leaseOn(under.store);
    const guard = { collection: 'users', leaving: 1, total: 2, samples: [], raisedAtMs: 1 };
    await under.store.guards.raise({ pipeline, fence: old.fence }, guard, pagesOf(['a']));
    await leaseOn(await under.reopen());
    await expectFenceLost(
      under.store.guards.clear({ pipeline, fence: old.fence }, 'users', { raisedAtMs: 1 }),
    );
    expect(await collectKeys(under.store.guards.keys(pipeline, 'users'))).toEqual(['a']);
  });

  test('leases end by one clock, which every handle tells', async () => {
    await using under = await open();
    const before = await under.store.nowMs();
    const lease = await leaseOn(under.store);
    const after = await (await under.reopen()).nowMs();
    expect(lease.expiresAtMs - durationMs).toBeGreaterThanOrEqual(before);
    expect(lease.expiresAtMs - durationMs).toBeLessThanOrEqual(after);
  });
}

function othersConformance(open: OpenStore): void {
  test('what many ask at once is all there, each under a number of its own', async () => {
    await using under = await open();
    const stores = [under.store, await under.reopen(), await under.reopen()];
    const asked = await Promise.all(
      stores.flatMap((store, handle) =>
        [0, 1, 2, 3].map((n) =>
          store.requests.ask(pipeline, { kind: 'replay', detail: `${handle} ${n}`, askedAtMs: n }),
        ),
      ),
    );
    expect(new Set(asked).size).toBe(12);
    const found = await under.store.requests.open(pipeline);
    expect(found.map(({ id }) => id)).toEqual(asked.toSorted((a, b) => a - b));
    expect(new Set(found.map(({ detail }) => detail)).size).toBe(12);
  });

  test('of many who approve a guard at once, one has done it', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const guard = { collection: 'users', leaving: 1, total: 2, samples: [], raisedAtMs: 1 };
    await under.store.guards.raise({ pipeline, fence }, guard, pagesOf(['a']));
    const stores = [under.store, await under.reopen(), await under.reopen()];
    const approved = await Promise.all(stores.map((store) => store.guards.approve(pipeline, 'users', 2000)));
    expect(approved.toSorted()).toEqual([false, false, true]);
  });

  test('owners of different pipelines write side by side', async () => {
    await using under = await open();
    const names = ['a', 'b', 'c'];
    const stores = [under.store, await under.reopen(), await under.reopen()];
    await Promise.all(
      stores.map(async (store, handle) => {
        const name = names[handle] ?? '';
        const { fence } = await leaseOn(store, name, name);
        for (let n = 0; n < 10; n += 1)
          await store.checkpoints.save({ pipeline: name, fence }, [{ space: 's', name: 'n', value: n }]);
      }),
    );
    for (const name of names) expect(await under.store.checkpoints.get(name, 's', 'n')).toBe(9);
  });
}

/** Whoever writes on until it is told that it must not. */
async function saveUntilLost(store: ControlStore, fence: Fence, lane: number): Promise<void> {
  for (let value = 0; ; value += 1) {
    try {
      await store.checkpoints.save({ pipeline, fence }, [{ space: 'lanes', name: `${lane}`, value }]);
    } catch (thrown) {
      if (isLockstepError(thrown, 'fence-lost')) return;
      throw thrown;
    }
  }
}

async function takeWhatRanOut(store: ControlStore): Promise<Fence> {
  for (;;) {
    const lease = await store.leases.acquire({ pipeline, owner: 'node-b', durationMs });
    if (lease !== null) return lease.fence;
  }
}
