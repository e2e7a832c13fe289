import { describe, expect, test } from 'vitest';
import type { ControlStore } from '../../../src/protocol/control-store.ts';
import type { Json } from '../../../src/protocol/value.ts';
import { durationMs, expectFenceLost, leaseOn, type OpenStore, pipeline } from './store-under-test.ts';

const values: readonly Json[] = [
  null,
  false,
  0,
  -1.5e-7,
  9_007_199_254_740_991,
  '',
  'ß “quoted” \\ \n 漢字 🙂',
  [],
  {},
  { nested: [{ deep: null }, [1, [2]]], 'a.b': '$set', __proto: 1 },
];

export function checkpointConformance(open: OpenStore): void {
  describe('checkpoints', () => {
    documents(open);
    spaces(open);
    fences(open);
  });
}

function documents(open: OpenStore): void {
  test('every kind of JSON comes back equal through another handle', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const entries = values.map((value, index) => ({ space: 'values', name: `v${index}`, value }));
    await under.store.checkpoints.save({ pipeline, fence }, entries);
    const other = await under.reopen();
    const found = await Promise.all(
      entries.map(({ name }) => other.checkpoints.get(pipeline, 'values', name)),
    );
    expect(found).toEqual(values);
  });

  test('a later value replaces, undefined deletes, in one save', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const save = (a: Json | undefined, b: Json | undefined) =>
      under.store.checkpoints.save({ pipeline, fence }, [
        { space: 's', name: 'a', value: a },
        { space: 's', name: 'b', value: b },
      ]);
    await save(1, undefined);
    await save(undefined, 2);
    expect(await under.store.checkpoints.list(pipeline, 's')).toEqual([{ name: 'b', value: 2 }]);
    await save(3, 4);
    expect(await under.store.checkpoints.get(pipeline, 's', 'b')).toBe(4);
  });

  test('a large document is kept whole', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const value = Array.from({ length: 20_000 }, (_, index) => ({ index, text: 'x'.repeat(50) }));
    await under.store.checkpoints.save({ pipeline, fence }, [{ space: 's', name: 'large', value }]);
    expect(await under.store.checkpoints.get(pipeline, 's', 'large')).toEqual(value);
  });
}

function spaces(open: OpenStore): void {
  const spacesInUse = ['p', 'p/a', 'p/a/b', 'p-x', 'p0', 'pa', 'q'];
  const fill = async (store: ControlStore, fence: number) =>
    store.checkpoints.save(
      { pipeline, fence },
      spacesInUse.map((space) => ({ space, name: 'n', value: space })),
    );
  const filled = async (store: ControlStore, name = pipeline) => {
    const found = await Promise.all(spacesInUse.map((space) => store.checkpoints.get(name, space, 'n')));
    return found.filter((value) => value !== undefined);
  };

  test('a list has its own space only, sorted by name', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    await fill(under.store, fence);
    const names = ['b', 'a10', 'a', 'a2', 'B'];
    await under.store.checkpoints.save(
      { pipeline, fence },
      names.map((name) => ({ space: 'p', name, value: name })),
    );
    const listed = await under.store.checkpoints.list(pipeline, 'p');
    expect(listed.map(({ name }) => name)).toEqual(['B', 'a', 'a10', 'a2', 'b', 'n']);
    expect(await under.store.checkpoints.list('crm', 'p')).toEqual([]);
  });

  test('clearing takes a space and what is below it, nothing that is spelt alike', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const crm = await leaseOn(under.store, 'node-a', 'crm');
    await fill(under.store, fence);
    await under.store.checkpoints.save({ pipeline: 'crm', fence: crm.fence }, [
      { space: 'p', name: 'n', value: 'p' },
    ]);
    await under.store.checkpoints.clear({ pipeline, fence }, 'p');
    expect(await filled(under.store)).toEqual(['p-x', 'p0', 'pa', 'q']);
    expect(await filled(under.store, 'crm')).toEqual(['p']);
  });
}

function fences(open: OpenStore): void {
  test('an old owner changes nothing', async () => {
    await using under = await open();
    const old = await leaseOn(under.store, 'node-a');
    await under.store.checkpoints.save({ pipeline, fence: old.fence }, [
      { space: 's', name: 'n', value: 'old' },
    ]);
    await under.passTime(durationMs + 1);
    const other = await under.reopen();
    await leaseOn(other, 'node-b');
    await expectFenceLost(
      under.store.checkpoints.save({ pipeline, fence: old.fence }, [
        { space: 's', name: 'n', value: 'late' },
      ]),
    );
    await expectFenceLost(under.store.checkpoints.clear({ pipeline, fence: old.fence }, 's'));
    expect(await other.checkpoints.get(pipeline, 's', 'n')).toBe('old');
  });

  test('a fence that was never given, or another pipeline’s, is refused', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const entries = [{ space: 's', name: 'n', value: 1 }];
    await expectFenceLost(under.store.checkpoints.save({ pipeline, fence: fence + 1 }, entries));
    await expectFenceLost(under.store.checkpoints.save({ pipeline: 'crm', fence }, entries));
    expect(await under.store.checkpoints.list(pipeline, 's')).toEqual([]);
  });

  test('a save of which one entry can’t be stored changes nothing', async () => {
    await using under = await open();
    const { fence } = await leaseOn(under.store);
    const circular: { self?: Json } = {};
    circular.self = circular as Json;
    const entries = [
      { space: 's', name: 'good', value: 1 },
      { space: 's', name: 'bad', value: circular as Json },
    ];
    await expect(under.store.checkpoints.save({ pipeline, fence }, entries)).rejects.toThrow();
    expect(await under.store.checkpoints.list(pipeline, 's')).toEqual([]);
  });
}
