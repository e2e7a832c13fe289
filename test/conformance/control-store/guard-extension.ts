import { describe, expect, test } from 'vitest';
import {
  collectKeys,
  expectFenceLost,
  leaseOn,
  type OpenStore,
  pagesOf,
  pipeline,
} from './store-under-test.ts';

const guard = (leaving: number) => ({
  collection: 'users',
  leaving,
  total: 10,
  samples: ['a'],
  raisedAtMs: 1000,
});

export function guardExtensionConformance(open: OpenStore): void {
  describe('a guard that grows', () => {
    test('takes keys that are new at its end, and counts them', async () => {
      await using under = await open();
      const { store } = under;
      const { fence } = await leaseOn(store);
      await store.guards.raise({ pipeline, fence }, guard(2), pagesOf(['z', 'a']));
      await store.guards.extend({ pipeline, fence }, 'users', ['a', 'm', 'm', 'b']);
      await store.guards.extend({ pipeline, fence }, 'users', ['m']);
      const other = await under.reopen();
      expect(await collectKeys(other.guards.keys(pipeline, 'users'))).toEqual(['z', 'a', 'm', 'b']);
      expect(await other.guards.list(pipeline)).toMatchObject([{ leaving: 4, state: 'waiting' }]);
    });

    test('tells which keys it holds, until it is cleared', async () => {
      await using under = await open();
      const { store } = under;
      const { fence } = await leaseOn(store);
      const holding = (collection = 'users') => store.guards.holding(pipeline, collection, ['a', 'm', 'x']);
      expect(await holding()).toEqual(new Set());
      await store.guards.raise({ pipeline, fence }, guard(1), pagesOf(['a']));
      await store.guards.extend({ pipeline, fence }, 'users', ['m', 'z']);
      expect(await holding()).toEqual(new Set(['a', 'm']));
      expect(await holding('others')).toEqual(new Set());
      await store.guards.approve(pipeline, 'users', 2000);
      expect(await holding()).toEqual(new Set(['a', 'm']));
      await store.guards.clear({ pipeline, fence }, 'users');
      expect(await holding()).toEqual(new Set());
    });

    test('loses no key to an approval that came first', async () => {
      await using under = await open();
      const { store } = under;
      const { fence } = await leaseOn(store);
      await store.guards.raise({ pipeline, fence }, guard(1), pagesOf(['a']));
      await store.guards.approve(pipeline, 'users', 2000);
      await store.guards.extend({ pipeline, fence }, 'users', ['b']);
      expect(await collectKeys(store.guards.keys(pipeline, 'users'))).toEqual(['a', 'b']);
    });

    test('is there: without one nothing would hold the keys', async () => {
      await using under = await open();
      const { fence } = await leaseOn(under.store);
      await expect(under.store.guards.extend({ pipeline, fence }, 'users', ['a'])).rejects.toThrow(
        /no guard/,
      );
    });

    test('is not extended by an old owner', async () => {
      await using under = await open();
      const old = await leaseOn(under.store);
      await under.store.guards.raise({ pipeline, fence: old.fence }, guard(1), pagesOf(['a']));
      await leaseOn(under.store);
      await expectFenceLost(under.store.guards.extend({ pipeline, fence: old.fence }, 'users', ['b']));
      expect(await collectKeys(under.store.guards.keys(pipeline, 'users'))).toEqual(['a']);
    });
  });
}
