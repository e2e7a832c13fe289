import { describe, expect, test } from 'vitest';
import type { ControlStore } from '../../../src/protocol/control-store.ts';
import { expectFenceLost, leaseOn, type OpenStore, pipeline } from './store-under-test.ts';

const letter = (key: string, collection = 'users', failedAtMs = 1000) => ({
  collection,
  key,
  code: 'value-refused' as const,
  message: 'too long',
  failedAtMs,
});
const keysOf = async (store: ControlStore) =>
  (await store.deadLetters.list(pipeline, { limit: 100 })).map(({ key }) => key);

export function deadLetterConformance(open: OpenStore): void {
  describe('dead letters', () => {
    puttingLetters(open);
    limitingLetters(open);
    findingLetters(open);
  });
}

function puttingLetters(open: OpenStore): void {
  test('a letter comes back as it was put', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.deadLetters.put({ pipeline, fence }, [letter('["é","2"]')], 10);
    const [found] = await (await under.reopen()).deadLetters.list(pipeline, { limit: 10 });
    expect(found).toEqual({
      id: found?.id,
      pipeline,
      collection: 'users',
      key: '["é","2"]',
      code: 'value-refused',
      message: 'too long',
      attempts: 1,
      firstFailedAtMs: 1000,
      lastFailedAtMs: 1000,
      state: 'parked',
      until: null,
      sealed: null,
    });
  });

  test('a key that fails again keeps its letter, with the newest reason', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.deadLetters.put({ pipeline, fence }, [letter('k')], 10);
    const [before] = await under.store.deadLetters.list(pipeline, { limit: 10 });
    const again = { ...letter('k', 'users', 2000), code: 'row-too-large' as const, message: 'newer' };
    await under.store.deadLetters.put({ pipeline, fence }, [again], 10);
    const renewed = { code: 'row-too-large', message: 'newer', attempts: 2, lastFailedAtMs: 2000 };
    expect(await under.store.deadLetters.list(pipeline, { limit: 10 })).toEqual([{ ...before, ...renewed }]);
  });

  test('ids grow and are never given again', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const ids: number[] = [];
    for (const key of ['a', 'b', 'c']) {
      await under.store.deadLetters.put({ pipeline, fence }, [letter(key)], 10);
      const [found] = await under.store.deadLetters.list(pipeline, { limit: 10 });
      ids.push(found?.id ?? 0);
      await under.store.deadLetters.resolve({ pipeline, fence }, 'users', [key]);
    }
    expect(ids).toEqual(ids.toSorted((left, right) => left - right));
    expect(new Set(ids).size).toBe(3);
  });

  test('an old owner neither puts nor resolves', async () => {
    await using under = await open();
    const old = await leaseOn(under.store);
    await under.store.deadLetters.put({ pipeline, fence: old.fence }, [letter('k')], 10);
    await leaseOn(under.store);
    await expectFenceLost(under.store.deadLetters.put({ pipeline, fence: old.fence }, [letter('late')], 10));
    await expectFenceLost(under.store.deadLetters.resolve({ pipeline, fence: old.fence }, 'users', ['k']));
    expect(await keysOf(under.store)).toEqual(['k']);
  });
}

function limitingLetters(open: OpenStore): void {
  test('over the limit of a collection nothing of the call is written', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const put = (...letters: ReturnType<typeof letter>[]) =>
      under.store.deadLetters.put({ pipeline, fence }, letters, 2);
    expect(await put(letter('a'), letter('b'), letter('a', 'orders'))).toEqual({ full: false });
    expect(await put(letter('b', 'orders'), letter('c'))).toEqual({ full: true });
    expect(await under.store.deadLetters.count(pipeline)).toBe(3);
    expect(await under.store.deadLetters.count(pipeline, 'orders')).toBe(1);
  });

  test('at the limit a known key is still renewed, and room is had by resolving', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const put = (...keys: string[]) =>
      under.store.deadLetters.put(
        { pipeline, fence },
        keys.map((key) => letter(key)),
        2,
      );
    await put('a', 'b');
    expect(await put('a')).toEqual({ full: false });
    await under.store.deadLetters.resolve({ pipeline, fence }, 'users', ['a']);
    expect(await put('c')).toEqual({ full: false });
    expect(await keysOf(under.store)).toEqual(['b', 'c']);
  });
}

function findingLetters(open: OpenStore): void {
  test('resolving counts what went and ignores the unknown', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.deadLetters.put(
      { pipeline, fence },
      [letter('a'), letter('b'), letter('a', 'orders')],
      10,
    );
    expect(await under.store.deadLetters.resolve({ pipeline, fence }, 'users', ['a', 'x', 'a'])).toBe(1);
    expect(await under.store.deadLetters.resolve({ pipeline, fence }, 'users', [])).toBe(0);
    const left = await under.store.deadLetters.list(pipeline, { limit: 10 });
    expect(left.map(({ collection, key }) => [collection, key])).toEqual([
      ['users', 'b'],
      ['orders', 'a'],
    ]);
  });

  test('a list goes on after an id, for all collections or one', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const letters = ['a', 'b', 'c', 'd', 'e'].map((key, index) =>
      letter(key, index % 2 === 0 ? 'users' : 'orders'),
    );
    await under.store.deadLetters.put({ pipeline, fence }, letters, 10);
    const page = await under.store.deadLetters.list(pipeline, { limit: 2 });
    expect(page.map(({ key }) => key)).toEqual(['a', 'b']);
    const afterId = page.at(-1)?.id ?? 0;
    const rest = await under.store.deadLetters.list(pipeline, { afterId, limit: 10 });
    expect(rest.map(({ key }) => key)).toEqual(['c', 'd', 'e']);
    const users = await under.store.deadLetters.list(pipeline, { collection: 'users', afterId, limit: 10 });
    expect(users.map(({ key }) => key)).toEqual(['c', 'e']);
  });

  test('which of some keys have a letter', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.deadLetters.put(
      { pipeline, fence },
      [letter('["1"]'), letter('2'), letter('3', 'orders')],
      10,
    );
    const asked = ['["1"]', '2', '3', '4'];
    expect(await under.store.deadLetters.having(pipeline, 'users', asked)).toEqual(new Set(['["1"]', '2']));
    expect(await under.store.deadLetters.having('crm', 'users', asked)).toEqual(new Set());
  });
}
