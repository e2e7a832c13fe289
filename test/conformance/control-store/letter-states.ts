import { describe, expect, test } from 'vitest';
import type { NewLetter } from '../../../src/protocol/control-store.ts';
import { leaseOn, type OpenStore, pipeline, type StoreUnderTest } from './store-under-test.ts';

const letter = (key: string, more: Partial<NewLetter> = {}): NewLetter => ({
  collection: 'users',
  key,
  code: 'value-refused',
  message: 'too long',
  failedAtMs: 1000,
  ...more,
});

export function letterStateConformance(open: OpenStore): void {
  describe('dead letters that may still be cured', () => {
    states(open);
    sealing(open);
    numbers(open);
  });
}

const onlyLetter = async ({ store }: StoreUnderTest) =>
  (await store.deadLetters.list(pipeline, { limit: 10 }))[0];

function states(open: OpenStore): void {
  test('a deferred letter keeps its first end, becomes parked, and is never deferred again', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const put = (more: Partial<NewLetter>) =>
      under.store.deadLetters.put({ pipeline, fence }, [letter('k', more)], 10);
    await put({ state: 'deferred', until: '0/10' });
    expect(await onlyLetter(under)).toMatchObject({ state: 'deferred', until: '0/10', attempts: 1 });
    await put({ state: 'deferred', until: '0/99' });
    expect(await onlyLetter(under)).toMatchObject({ state: 'deferred', until: '0/10', attempts: 2 });
    await put({});
    expect(await onlyLetter(under)).toMatchObject({ state: 'parked', until: null, attempts: 3 });
    await put({ state: 'deferred', until: '0/20' });
    expect(await onlyLetter(under)).toMatchObject({ state: 'parked', until: null, attempts: 4 });
  });

  test('counting means parked ones unless told otherwise; listing means all', async () => {
    await using under = await open();
    const { store } = under;
    const { fence } = await leaseOn(store);
    const letters = [
      letter('a'),
      letter('b', { state: 'deferred' }),
      letter('c', { collection: 'orders', state: 'deferred' }),
    ];
    await store.deadLetters.put({ pipeline, fence }, letters, 10);
    const counts = [
      await store.deadLetters.count(pipeline),
      await store.deadLetters.count(pipeline, undefined, 'deferred'),
      await store.deadLetters.count(pipeline, undefined, 'any'),
      await store.deadLetters.count(pipeline, 'orders'),
      await store.deadLetters.count(pipeline, 'orders', 'any'),
      await store.deadLetters.count(pipeline, 'users', 'deferred'),
    ];
    expect(counts).toEqual([1, 2, 3, 0, 1, 1]);
    const keys = async (state?: 'deferred' | 'parked') =>
      (await store.deadLetters.list(pipeline, { limit: 10, ...(state === undefined ? {} : { state }) })).map(
        ({ key }) => key,
      );
    expect([await keys(), await keys('deferred'), await keys('parked')]).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
      ['a'],
    ]);
  });

  test('the limit of a collection counts letters of every state', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const put = (...letters: NewLetter[]) => under.store.deadLetters.put({ pipeline, fence }, letters, 2);
    expect(await put(letter('a', { state: 'deferred' }), letter('b'))).toEqual({ full: false });
    expect(await put(letter('c', { state: 'deferred' }))).toEqual({ full: true });
    expect(await under.store.deadLetters.count(pipeline, undefined, 'any')).toBe(2);
  });
}

function sealing(open: OpenStore): void {
  test('the sealed row comes back byte for byte, and a newer failure replaces it', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const sealed = new Uint8Array([0, 255, 7, 0]);
    await under.store.deadLetters.put({ pipeline, fence }, [letter('k', { sealed })], 10);
    const [found] = await (await under.reopen()).deadLetters.list(pipeline, { limit: 1 });
    expect([...(found?.sealed ?? [])]).toEqual([...sealed]);
    await under.store.deadLetters.put({ pipeline, fence }, [letter('k')], 10);
    expect((await onlyLetter(under))?.sealed).toBeNull();
  });
}

function numbers(open: OpenStore): void {
  test('a letter is found by its number, in its own pipeline only', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.deadLetters.put({ pipeline, fence }, [letter('a'), letter('b')], 10);
    const [, second] = await under.store.deadLetters.list(pipeline, { limit: 2 });
    const id = second?.id ?? 0;
    expect(await under.store.deadLetters.get(pipeline, id)).toEqual(second);
    expect(await under.store.deadLetters.get('crm', id)).toBeNull();
    expect(await under.store.deadLetters.get(pipeline, id + 1)).toBeNull();
  });

  test('the newest number only grows, also when its letter is gone or belongs to another pipeline', async () => {
    await using under = await open();
    const { store } = under;
    const { fence } = await leaseOn(store);
    const crm = await leaseOn(store, 'node-a', 'crm');
    expect(await store.deadLetters.newest(pipeline)).toBe(0);
    await store.deadLetters.put({ pipeline, fence }, [letter('a'), letter('b')], 10);
    const newest = (await store.deadLetters.list(pipeline, { limit: 2 })).at(-1)?.id;
    expect(await store.deadLetters.newest(pipeline)).toBe(newest);
    await store.deadLetters.resolve({ pipeline, fence }, 'users', ['a', 'b']);
    await store.deadLetters.put({ pipeline: 'crm', fence: crm.fence }, [letter('x')], 10);
    expect(await (await under.reopen()).deadLetters.newest(pipeline)).toBe(newest);
    await store.deadLetters.put({ pipeline, fence }, [letter('c')], 10);
    expect(await store.deadLetters.newest(pipeline)).toBeGreaterThan(newest ?? 0);
  });

  test('an older letter that fails again does not take the newest number back', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.deadLetters.put({ pipeline, fence }, [letter('a'), letter('b')], 10);
    const newest = await under.store.deadLetters.newest(pipeline);
    await under.store.deadLetters.resolve({ pipeline, fence }, 'users', ['b']);
    await under.store.deadLetters.put({ pipeline, fence }, [letter('a')], 10);
    expect(await under.store.deadLetters.newest(pipeline)).toBe(newest);
  });

  test('letters that were refused for the limit leave no newest number', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.deadLetters.put({ pipeline, fence }, [letter('a'), letter('b')], 1);
    expect(await under.store.deadLetters.newest(pipeline)).toBe(0);
  });
}
