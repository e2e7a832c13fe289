import { expect, test } from 'vitest';
import type { ControlStore, FencedBy, PipelineRequest } from '../../../src/protocol/control-store.ts';
import type { Json } from '../../../src/protocol/value.ts';
import { leaseOn, letter, openEngineUnderTest, putLetters, release } from './fixture.ts';

/** What a running engine does: takes up the next request when it comes, and ends it. */
async function answerNext(
  store: ControlStore,
  by: FencedBy,
  end: { readonly state: 'done' | 'failed'; readonly result: Json },
): Promise<PipelineRequest> {
  const request = await expect
    .poll(async () => (await store.requests.open('shop'))[0], { timeout: 10_000 })
    .toBeDefined()
    .then(async () => (await store.requests.open('shop'))[0]);
  if (request === undefined) throw new Error('nothing was asked');
  await store.requests.begin(by, request.id);
  await store.requests.end(by, request.id, end);
  return request;
}

test('a resync is asked of the running engine, and its answer comes back', async () => {
  await using under = await openEngineUnderTest();
  const by = await leaseOn(under.store);
  const seen: string[] = [];
  const asked = under.engine.resync('shop', {
    collections: ['orders'],
    onProgress: ({ state }) => seen.push(state),
  });
  const request = await answerNext(under.store, by, { state: 'done', result: { written: 3 } });
  expect(request).toMatchObject({ kind: 'resync', detail: { collections: ['orders'], repair: true } });
  expect(await asked).toEqual({
    pipeline: 'shop',
    id: request.id,
    kind: 'resync',
    state: 'done',
    engineRuns: true,
    result: { written: 3 },
  });
  expect(seen[0]).toBe('waiting');
});

test('what the engine could not do is thrown, with the exit code of its reason', async () => {
  await using under = await openEngineUnderTest();
  const by = await leaseOn(under.store);
  const asked = under.engine.resync('shop').catch((thrown: unknown) => thrown);
  await answerNext(under.store, by, {
    state: 'failed',
    result: { code: 'permission-denied', message: 'no right to read orders' },
  });
  expect(await asked).toMatchObject({
    code: 'request-failed',
    exitCode: 4,
    message: expect.stringContaining('no right to read orders'),
  });
});

test('without an engine nothing is waited for: it happens at the next start', async () => {
  await using under = await openEngineUnderTest();
  await putLetters(under.store, [letter('a')]);
  const replay = await under.engine.replay('shop');
  expect(replay).toMatchObject({ kind: 'replay', state: 'waiting', engineRuns: false });
  expect(await under.engine.status('shop')).toMatchObject([
    { requests: [{ id: replay.id, kind: 'replay', state: 'waiting' }] },
  ]);
});

test('waiting ends with the signal; what was asked stays asked', async () => {
  await using under = await openEngineUnderTest();
  await leaseOn(under.store);
  const stop = new AbortController();
  const asked = under.engine.resync('shop', {
    signal: stop.signal,
    onProgress: () => stop.abort(new Error('SIGINT')),
  });
  await expect(asked).rejects.toMatchObject({
    code: 'interrupted',
    message: expect.stringMatching(/stays asked/),
  });
  expect(await under.store.requests.open('shop')).toHaveLength(1);
});

test('a repair beside a running engine is asked of it', async () => {
  await using under = await openEngineUnderTest();
  await leaseOn(under.store);
  const asked = await under.engine.askRepair('shop', { wait: false });
  expect(asked).toMatchObject({ kind: 'compare', state: 'waiting', engineRuns: true });
  expect(await under.store.requests.open('shop')).toMatchObject([
    { kind: 'compare', detail: { collections: null, repair: true } },
  ]);
  await expect(under.engine.askRepair('stock')).rejects.toMatchObject({ code: 'pipeline-not-live' });
});

test('collections that a running engine does not have are named with the nearest ones', async () => {
  await using under = await openEngineUnderTest();
  const by = await leaseOn(under.store);
  const collections = ['orders', 'customers'].map((name) => ({ name, status: 'live', reason: '' }));
  await saveStatus(under.store, by, { collections });
  await expect(under.engine.resync('shop', { collections: ['ordres', 'orders', 'x'] })).rejects.toMatchObject(
    {
      code: 'usage',
      message: expect.stringMatching(/ordres; did you mean orders\?, and none x/),
    },
  );
  expect(await under.store.requests.open('shop')).toEqual([]);
});

test('pausing is kept, keeps its beginning, and ends with resume', async () => {
  await using under = await openEngineUnderTest();
  const first = await under.engine.pause('shop', { reason: 'index' });
  expect(first).toMatchObject({ reason: 'index', wasPaused: false, engineRuns: false });
  expect(await under.engine.pause('shop')).toMatchObject({
    sinceMs: first.sinceMs,
    reason: 'index',
    wasPaused: true,
  });
  expect(await under.engine.status('shop')).toMatchObject([
    { status: 'paused', reason: 'index', paused: { reason: 'index' } },
  ]);
  expect(await under.engine.resume('shop')).toMatchObject({ wasPaused: true });
  expect(await under.engine.resume('shop')).toMatchObject({ wasPaused: false });
  await expect(under.engine.pause('stock')).rejects.toMatchObject({ code: 'pipeline-not-live' });
});

const saveStatus = (store: ControlStore, by: FencedBy, more: Readonly<Record<string, Json>>): Promise<void> =>
  store.checkpoints.save(by, [
    {
      space: 'live',
      name: 'status',
      value: {
        status: 'live',
        reason: 'in step',
        nextStep: '',
        sinceMs: 5,
        lag: { kind: 'behind', milliseconds: 12 },
        collections: [],
        rates: { changesPerSecond: 100 },
        savedAtMs: Date.now(),
        ...more,
      },
    },
  ]);

test('the status is what the running engine tells', async () => {
  await using under = await openEngineUnderTest();
  const { store, engine } = under;
  const statusNow = async () => (await engine.status('shop'))[0];
  expect(await statusNow()).toMatchObject({ status: 'stopped', reason: 'it never ran' });
  const by = await leaseOn(store);
  expect(await statusNow()).toMatchObject({ status: 'starting', live: null });
  await saveStatus(store, by, {});
  expect(await statusNow()).toMatchObject({
    mode: 'live',
    status: 'live',
    reason: 'in step',
    sinceMs: 5,
    live: { lag: { kind: 'behind', milliseconds: 12 }, rates: { changesPerSecond: 100 } },
  });
  await saveStatus(store, by, { status: 'a word of a later version' });
  expect(await statusNow()).toMatchObject({ status: 'starting', live: null });
  await engine.pause('shop', { reason: 'index' });
  expect(await statusNow()).toMatchObject({ status: 'paused', nextStep: 'lockstep resume shop' });
});

test('an engine that is silent, began just now, or is gone is told apart', async () => {
  await using under = await openEngineUnderTest();
  const { store, engine } = under;
  const statusNow = async () => (await engine.status('shop'))[0];
  const by = await leaseOn(store);
  await saveStatus(store, by, { savedAtMs: Date.now() - 30_000 });
  expect(await statusNow()).toMatchObject({
    status: 'starting',
    reason: expect.stringMatching(/nothing for 30 s/),
  });
  const run = await store.runs.begin(by, { kind: 'live', startedAtMs: Date.now() - 60_000 });
  expect(await statusNow()).toMatchObject({
    status: 'degraded',
    reason: expect.stringMatching(/nothing for 30 s/),
  });
  await saveStatus(store, by, { savedAtMs: Date.now() - 90_000 }); // Of the engine before this one.
  expect(await statusNow()).toMatchObject({ status: 'starting', reason: 'an engine has begun' });
  await release(store);
  expect(await statusNow()).toMatchObject({ status: 'stopped', reason: 'its engine died', owner: null });
  const again = await leaseOn(store);
  await store.runs.end(again, run, { result: 'failed', endedAtMs: 7, summary: null });
  await release(store);
  expect(await statusNow()).toMatchObject({
    status: 'failed',
    sinceMs: 7,
    nextStep: expect.stringMatching(/start/),
  });
});

test('pausing says what the source keeps, as the engine told it last', async () => {
  await using under = await openEngineUnderTest();
  const by = await leaseOn(under.store);
  const retained = { bytes: 4096, limitBytes: null, reachesBackMs: 9_000, waitingFor: ['process 7'] };
  await saveStatus(under.store, by, { retained });
  expect(await under.engine.pause('shop')).toMatchObject({ engineRuns: true, retained });
});

test('letters are counted by collection and state, whether their collections are known or not', async () => {
  await using under = await openEngineUnderTest();
  await putLetters(under.store, [
    letter('a'),
    letter('b', { state: 'deferred' }),
    letter('c', { collection: 'lines' }),
  ]);
  const counts = async () => (await under.engine.status('shop'))[0]?.deadLetters;
  const expected = [
    { collection: 'orders', count: 1, deferred: 1 },
    { collection: 'lines', count: 1, deferred: 0 },
  ];
  expect(await counts()).toEqual(expected);
  const by = await leaseOn(under.store);
  const collections = [{ name: 'orders', status: 'live', reason: '' }];
  await saveStatus(under.store, by, { collections });
  expect(await counts()).toEqual(expected);
});
