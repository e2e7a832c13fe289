import { describe, expect, test } from 'vitest';
import { leaseOn, type OpenStore, pipeline } from './store-under-test.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const named = (name: string, text: string, savedAtMs = 1000) => ({ name, sealed: bytes(text), savedAtMs });

export function connectionConformance(open: OpenStore): void {
  describe('connections', () => {
    keeping(open);
    resealing(open);
  });
}

function keeping(open: OpenStore): void {
  test('one is there for every handle once it was put, and another of its name takes its place', async () => {
    await using under = await open();
    const { connections } = under.store;
    expect(await connections.get('shop')).toBeNull();
    await connections.put(named('shop', 'first'));
    const other = await under.reopen();
    expect(await other.connections.get('shop')).toEqual(named('shop', 'first'));
    await other.connections.put(named('shop', 'second \0 bytes', 2000));
    expect(await connections.get('shop')).toEqual(named('shop', 'second \0 bytes', 2000));
    expect(await connections.list()).toHaveLength(1);
  });

  test('they are listed by name, byte by byte', async () => {
    await using under = await open();
    const { connections } = under.store;
    expect(await connections.list()).toEqual([]);
    for (const name of ['shop', 'crm', 'shop-2', 'a_b', 'a-b']) await connections.put(named(name, name));
    const names = (await connections.list()).map(({ name }) => name);
    expect(names).toEqual(['a-b', 'a_b', 'crm', 'shop', 'shop-2']);
  });

  test('one that is removed is gone, once', async () => {
    await using under = await open();
    const { connections } = under.store;
    await connections.put(named('shop', 'x'));
    await connections.put(named('crm', 'y'));
    expect(await connections.remove('shop')).toBe(true);
    expect(await connections.remove('shop')).toBe(false);
    expect(await (await under.reopen()).connections.list()).toEqual([named('crm', 'y')]);
  });

  test('they belong to no pipeline: one that is removed leaves them', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await under.store.connections.put(named(pipeline, 'x'));
    await under.store.removePipeline({ pipeline, fence });
    expect(await under.store.connections.get(pipeline)).toEqual(named(pipeline, 'x'));
  });
}

function resealing(open: OpenStore): void {
  test('one is sealed anew where it is still what was read, and nothing else of it changes', async () => {
    await using under = await open();
    const { connections } = under.store;
    await connections.put(named('shop', 'was', 1000));
    const change = { name: 'shop', was: bytes('was'), sealed: bytes('anew') };
    expect(await connections.reseal(change)).toBe(true);
    expect(await (await under.reopen()).connections.get('shop')).toEqual(named('shop', 'anew', 1000));
    expect(await connections.reseal(change)).toBe(false);
    expect(await connections.reseal({ ...change, name: 'crm' })).toBe(false);
    expect(await connections.list()).toEqual([named('shop', 'anew', 1000)]);
  });
}
