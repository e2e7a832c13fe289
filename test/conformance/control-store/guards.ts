import { describe, expect, test } from 'vitest';
import type { Key } from '../../../src/protocol/names.ts';
import {
  collectKeys,
  expectFenceLost,
  leaseOn,
  type OpenStore,
  pagesOf,
  pipeline,
} from './store-under-test.ts';

const guard = (collection = 'users', leaving = 3) => ({
  collection,
  leaving,
  total: 10,
  samples: ['a', 'b'],
  raisedAtMs: 1000,
});

async function* brokenPages(): AsyncIterable<readonly Key[]> {
  yield Array.from({ length: 12_000 }, (_, index) => `half-${index}`);
  throw new Error('the spill could not be read');
}

export function guardConformance(open: OpenStore): void {
  describe('guards', () => {
    deciding(open);
    replacing(open);
    fencing(open);
  });
}

function deciding(open: OpenStore): void {
  test('a raised guard waits, with its keys in order', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.guards.raise({ pipeline, fence }, guard(), pagesOf(['z', 'a'], [], ['m']));
    const other = await under.reopen();
    const expected = { pipeline, ...guard(), state: 'waiting', approvedAtMs: null };
    expect(await other.guards.list(pipeline)).toEqual([expected]);
    expect(await collectKeys(other.guards.keys(pipeline, 'users'))).toEqual(['z', 'a', 'm']);
  });

  test('approval needs no fence, happens once, and keeps the keys', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    expect(await under.store.guards.approve(pipeline, 'users', 2000)).toBe(false);
    await under.store.guards.raise({ pipeline, fence }, guard(), pagesOf(['a']));
    await under.store.guards.raise({ pipeline, fence }, guard('orders'), pagesOf(['o']));
    const other = await under.reopen();
    expect(await other.guards.approve(pipeline, 'users', 2000)).toBe(true);
    expect(await other.guards.approve(pipeline, 'users', 3000)).toBe(false);
    const states = (await under.store.guards.list(pipeline)).map(({ state, approvedAtMs }) => [
      state,
      approvedAtMs,
    ]);
    expect(states.toSorted()).toEqual([
      ['approved', 2000],
      ['waiting', null],
    ]);
    expect(await collectKeys(under.store.guards.keys(pipeline, 'users'))).toEqual(['a']);
  });

  test('a cleared guard is gone with its keys, others stay', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.guards.raise({ pipeline, fence }, guard(), pagesOf(['a']));
    await under.store.guards.raise({ pipeline, fence }, guard('orders'), pagesOf(['o']));
    await under.store.guards.clear({ pipeline, fence }, 'users');
    expect((await under.store.guards.list(pipeline)).map(({ collection }) => collection)).toEqual(['orders']);
    expect(await collectKeys(under.store.guards.keys(pipeline, 'users'))).toEqual([]);
    expect(await collectKeys(under.store.guards.keys(pipeline, 'orders'))).toEqual(['o']);
  });

  test('many keys come back in order', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const keys = Array.from({ length: 12_345 }, (_, index) => `["${index}"]`);
    await under.store.guards.raise(
      { pipeline, fence },
      guard(),
      pagesOf(keys.slice(0, 11_111), keys.slice(11_111)),
    );
    expect(await collectKeys(under.store.guards.keys(pipeline, 'users'))).toEqual(keys);
  });
}

function replacing(open: OpenStore): void {
  test('raising again replaces figures, keys and an approval', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.guards.raise({ pipeline, fence }, guard(), pagesOf(['a', 'b', 'c']));
    await under.store.guards.approve(pipeline, 'users', 2000);
    await under.store.guards.raise({ pipeline, fence }, guard('users', 1), pagesOf(['d']));
    expect(await under.store.guards.list(pipeline)).toMatchObject([
      { leaving: 1, state: 'waiting', approvedAtMs: null },
    ]);
    expect(await collectKeys(under.store.guards.keys(pipeline, 'users'))).toEqual(['d']);
  });

  test('raising again what was approved leaves the approval as it is', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.guards.raise({ pipeline, fence }, guard(), pagesOf(['a', 'b', 'c']));
    await under.store.guards.approve(pipeline, 'users', 2000);
    await under.store.guards.raise({ pipeline, fence }, guard('users', 2), pagesOf(['c', 'a']));
    expect(await under.store.guards.list(pipeline)).toMatchObject([
      { state: 'approved', approvedAtMs: 2000 },
    ]);
    expect(await collectKeys(under.store.guards.keys(pipeline, 'users'))).toEqual(['a', 'b', 'c']);
    await under.store.guards.raise({ pipeline, fence }, guard('users', 2), pagesOf(['a', 'new']));
    expect(await under.store.guards.list(pipeline)).toMatchObject([{ state: 'waiting' }]);
  });

  test('who carried out one decision clears that one only', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.guards.raise({ pipeline, fence }, guard(), pagesOf(['a']));
    await under.store.guards.approve(pipeline, 'users', 2000);
    await under.store.guards.raise({ pipeline, fence }, { ...guard(), raisedAtMs: 5000 }, pagesOf(['b']));
    expect(await under.store.guards.clear({ pipeline, fence }, 'users', { raisedAtMs: 1000 })).toBe(false);
    expect(await under.store.guards.list(pipeline)).toMatchObject([{ state: 'waiting', raisedAtMs: 5000 }]);
    await under.store.guards.approve(pipeline, 'users', 6000);
    expect(await under.store.guards.clear({ pipeline, fence }, 'users', { raisedAtMs: 5000 })).toBe(true);
    expect(await under.store.guards.list(pipeline)).toEqual([]);
  });

  test('until all keys are there the earlier decision stands, and can be approved', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.guards.raise({ pipeline, fence }, guard(), pagesOf(['old']));
    await expect(
      under.store.guards.raise({ pipeline, fence }, guard('users', 9), brokenPages()),
    ).rejects.toThrow('spill');
    expect(await under.store.guards.list(pipeline)).toMatchObject([{ leaving: 3, state: 'waiting' }]);
    expect(await collectKeys(under.store.guards.keys(pipeline, 'users'))).toEqual(['old']);
    expect(await under.store.guards.approve(pipeline, 'users', 2000)).toBe(true);
    await under.store.guards.raise({ pipeline, fence }, guard('users', 1), pagesOf(['new']));
    expect(await collectKeys(under.store.guards.keys(pipeline, 'users'))).toEqual(['new']);
  });

  test('a first decision that broke off does not exist', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await expect(under.store.guards.raise({ pipeline, fence }, guard(), brokenPages())).rejects.toThrow(
      'spill',
    );
    expect(await under.store.guards.list(pipeline)).toEqual([]);
    expect(await collectKeys(under.store.guards.keys(pipeline, 'users'))).toEqual([]);
    expect(await under.store.guards.approve(pipeline, 'users', 2000)).toBe(false);
  });

  test('the earlier keys can be read while the new ones are written', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const keys = Array.from({ length: 5000 }, (_, index) => `k${index}`);
    await under.store.guards.raise({ pipeline, fence }, guard(), pagesOf(keys));
    await under.store.guards.raise({ pipeline, fence }, guard(), under.store.guards.keys(pipeline, 'users'));
    expect(await collectKeys(under.store.guards.keys(pipeline, 'users'))).toEqual(keys);
  });
}

function fencing(open: OpenStore): void {
  test('an old owner neither raises nor clears', async () => {
    await using under = await open();
    const old = await leaseOn(under.store);
    await under.store.guards.raise({ pipeline, fence: old.fence }, guard(), pagesOf(['a']));
    await leaseOn(under.store);
    await expectFenceLost(
      under.store.guards.raise({ pipeline, fence: old.fence }, guard('users', 9), pagesOf(['late'])),
    );
    await expectFenceLost(under.store.guards.clear({ pipeline, fence: old.fence }, 'users'));
    expect(await under.store.guards.list(pipeline)).toMatchObject([{ leaving: 3 }]);
  });

  test('an owner that is replaced while its keys are written does not decide', async () => {
    await using under = await open();
    const old = await leaseOn(under.store);
    async function* replacedHalfWay(): AsyncIterable<readonly Key[]> {
      yield ['a'];
      await leaseOn(under.store);
      yield ['b'];
    }
    await expectFenceLost(
      under.store.guards.raise({ pipeline, fence: old.fence }, guard(), replacedHalfWay()),
    );
    expect(await under.store.guards.list(pipeline)).toEqual([]);
  });
}
