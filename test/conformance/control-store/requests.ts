import { describe, expect, test } from 'vitest';
import type { ControlStore } from '../../../src/protocol/control-store.ts';
import { expectFenceLost, leaseOn, type OpenStore, pipeline } from './store-under-test.ts';

const resync = { kind: 'resync' as const, detail: { collections: ['users'], repair: true }, askedAtMs: 1000 };
const replay = { kind: 'replay' as const, detail: { letters: [1, 2], collection: null }, askedAtMs: 2000 };

export function requestConformance(open: OpenStore): void {
  describe('requests', () => {
    asking(open);
    answering(open);
    pausing(open);
  });
}

function asking(open: OpenStore): void {
  test('what is asked needs no lease and comes back as it was asked', async () => {
    await using under = await open();
    const id = await under.store.requests.ask(pipeline, resync);
    const found = await (await under.reopen()).requests.get(pipeline, id);
    expect(found).toEqual({ id, pipeline, state: 'waiting', result: null, ...resync });
    expect(await under.store.requests.get('crm', id)).toBeNull();
    expect(await under.store.requests.get(pipeline, id + 1)).toBeNull();
  });

  test('open requests are listed in the order in which they were asked, of one pipeline only', async () => {
    await using under = await open();
    const { store } = under;
    const first = await store.requests.ask(pipeline, resync);
    await store.requests.ask('crm', replay);
    const second = await store.requests.ask(pipeline, replay);
    const { fence } = await leaseOn(store);
    await store.requests.begin({ pipeline, fence }, second);
    expect((await store.requests.open(pipeline)).map(({ id, state }) => [id, state])).toEqual([
      [first, 'waiting'],
      [second, 'running'],
    ]);
  });
}

const stateOf = async (store: ControlStore, id: number) => (await store.requests.get(pipeline, id))?.state;

function answering(open: OpenStore): void {
  test('a request waits, runs and ends with what came of it', async () => {
    await using under = await open();
    const { store } = under;
    const { fence } = await leaseOn(store);
    const id = await store.requests.ask(pipeline, replay);
    await store.requests.begin({ pipeline, fence }, id);
    expect(await stateOf(store, id)).toBe('running');
    const result = { applied: 2, left: [{ id: 3, code: 'value-refused' }] };
    await store.requests.end({ pipeline, fence }, id, { state: 'done', result });
    expect(await (await under.reopen()).requests.get(pipeline, id)).toEqual({
      id,
      pipeline,
      state: 'done',
      result,
      ...replay,
    });
    expect(await store.requests.open(pipeline)).toEqual([]);
  });

  test('a request that a dead process was running is still open, and another takes it up', async () => {
    await using under = await open();
    const { store } = under;
    const died = await leaseOn(store);
    const id = await store.requests.ask(pipeline, resync);
    await store.requests.begin({ pipeline, fence: died.fence }, id);
    const next = await leaseOn(store, 'node-a');
    expect(await store.requests.open(pipeline)).toMatchObject([{ id, state: 'running' }]);
    await store.requests.begin({ pipeline, fence: next.fence }, id);
    await store.requests.end({ pipeline, fence: next.fence }, id, { state: 'done', result: null });
    expect(await stateOf(store, id)).toBe('done');
  });

  test('what has ended stays as it is', async () => {
    await using under = await open();
    const { store } = under;
    const { fence } = await leaseOn(store);
    const id = await store.requests.ask(pipeline, resync);
    const result = { code: 'internal', message: 'm' };
    await store.requests.end({ pipeline, fence }, id, { state: 'failed', result });
    await store.requests.begin({ pipeline, fence }, id);
    await store.requests.end({ pipeline, fence }, id, { state: 'done', result: null });
    expect(await store.requests.get(pipeline, id)).toMatchObject({ state: 'failed', result });
  });

  test('an old owner neither begins nor ends, and nobody answers for another pipeline', async () => {
    await using under = await open();
    const { store } = under;
    const old = await leaseOn(store);
    const crm = await leaseOn(store, 'node-a', 'crm');
    const id = await store.requests.ask(pipeline, resync);
    await leaseOn(store);
    const end = { state: 'done' as const, result: null };
    await expectFenceLost(store.requests.begin({ pipeline, fence: old.fence }, id));
    await expectFenceLost(store.requests.end({ pipeline, fence: old.fence }, id, end));
    await store.requests.begin({ pipeline: 'crm', fence: crm.fence }, id);
    await store.requests.end({ pipeline: 'crm', fence: crm.fence }, id, end);
    expect(await stateOf(store, id)).toBe('waiting');
  });
}

function pausing(open: OpenStore): void {
  test('a pause stays over restarts until it is taken back, for its pipeline only', async () => {
    await using under = await open();
    const { store } = under;
    expect(await store.requests.paused(pipeline)).toBeNull();
    await store.requests.setPaused(pipeline, { sinceMs: 1000, reason: 'maintenance' });
    await store.requests.setPaused('crm', { sinceMs: 2000, reason: '' });
    const other = await under.reopen();
    expect(await other.requests.paused(pipeline)).toEqual({ sinceMs: 1000, reason: 'maintenance' });
    await other.requests.setPaused(pipeline, null);
    expect(await store.requests.paused(pipeline)).toBeNull();
    expect(await store.requests.paused('crm')).toEqual({ sinceMs: 2000, reason: '' });
  });

  test('a newer pause replaces the older one', async () => {
    await using under = await open();
    await under.store.requests.setPaused(pipeline, { sinceMs: 1, reason: 'one' });
    await under.store.requests.setPaused(pipeline, { sinceMs: 2, reason: 'two' });
    expect(await under.store.requests.paused(pipeline)).toEqual({ sinceMs: 2, reason: 'two' });
  });
}
