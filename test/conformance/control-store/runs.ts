import { describe, expect, test } from 'vitest';
import { expectFenceLost, leaseOn, type OpenStore, pipeline } from './store-under-test.ts';

export function runConformance(open: OpenStore): void {
  describe('runs', () => {
    test('a run is running until it ends, newest first', async () => {
      await using under = await open();
      const { fence } = await leaseOn(under.store);
      const first = await under.store.runs.begin({ pipeline, fence }, { kind: 'run', startedAtMs: 1000 });
      const summary = { users: { copied: 3 }, note: null };
      await under.store.runs.end({ pipeline, fence }, first, { result: 'equal', endedAtMs: 1500, summary });
      const second = await under.store.runs.begin({ pipeline, fence }, { kind: 'verify', startedAtMs: 2000 });
      const runs = await (await under.reopen()).runs.list(pipeline, 10);
      expect(runs).toEqual([
        {
          id: second,
          pipeline,
          kind: 'verify',
          startedAtMs: 2000,
          endedAtMs: null,
          result: 'running',
          summary: null,
        },
        { id: first, pipeline, kind: 'run', startedAtMs: 1000, endedAtMs: 1500, result: 'equal', summary },
      ]);
      expect(second).toBeGreaterThan(first);
    });

    test('what is known of a run when it begins is there until it ends', async () => {
      await using under = await open();
      const { fence } = await leaseOn(under.store);
      const { runs } = under.store;
      const known = { reason: 'scheduled', due: [1, null] };
      const id = await runs.begin({ pipeline, fence }, { kind: 'run', startedAtMs: 1, summary: known });
      expect(await runs.list(pipeline, 1)).toMatchObject([{ id, result: 'running', summary: known }]);
      await runs.end({ pipeline, fence }, id, { result: 'equal', endedAtMs: 2, summary: { seconds: 1 } });
      expect(await runs.list(pipeline, 1)).toMatchObject([{ id, summary: { seconds: 1 } }]);
    });

    test('a run that died without a word is interrupted by the next', async () => {
      await using under = await open();
      const { fence } = await leaseOn(under.store);
      const died = await under.store.runs.begin({ pipeline, fence }, { kind: 'run', startedAtMs: 1000 });
      const next = await leaseOn(under.store);
      await under.store.runs.begin({ pipeline, fence: next.fence }, { kind: 'run', startedAtMs: 5000 });
      const runs = await under.store.runs.list(pipeline, 10);
      expect(runs.map(({ result }) => result)).toEqual(['running', 'interrupted']);
      expect(runs[1]).toMatchObject({ id: died, endedAtMs: 5000 });
    });

    test('a list has its own pipeline only, and no more than asked', async () => {
      await using under = await open();
      const { fence } = await leaseOn(under.store);
      const crm = await leaseOn(under.store, 'node-a', 'crm');
      await under.store.runs.begin({ pipeline: 'crm', fence: crm.fence }, { kind: 'run', startedAtMs: 1 });
      const ids: number[] = [];
      for (const startedAtMs of [1, 2, 3]) {
        ids.push(await under.store.runs.begin({ pipeline, fence }, { kind: 'repair', startedAtMs }));
      }
      const listed = await under.store.runs.list(pipeline, 2);
      expect(listed.map(({ id }) => id)).toEqual(ids.toReversed().slice(0, 2));
    });

    test('a run of another pipeline can’t be ended', async () => {
      await using under = await open();
      const { fence } = await leaseOn(under.store);
      const crm = await leaseOn(under.store, 'node-a', 'crm');
      const id = await under.store.runs.begin({ pipeline, fence }, { kind: 'run', startedAtMs: 1 });
      await under.store.runs.end({ pipeline: 'crm', fence: crm.fence }, id, {
        result: 'failed',
        endedAtMs: 2,
        summary: null,
      });
      expect(await under.store.runs.list(pipeline, 1)).toMatchObject([{ result: 'running' }]);
    });

    test('an old owner neither begins nor ends', async () => {
      await using under = await open();
      const old = await leaseOn(under.store);
      const id = await under.store.runs.begin(
        { pipeline, fence: old.fence },
        { kind: 'run', startedAtMs: 1 },
      );
      await leaseOn(under.store);
      await expectFenceLost(
        under.store.runs.begin({ pipeline, fence: old.fence }, { kind: 'run', startedAtMs: 2 }),
      );
      const end = { result: 'equal' as const, endedAtMs: 2, summary: null };
      await expectFenceLost(under.store.runs.end({ pipeline, fence: old.fence }, id, end));
      expect(await under.store.runs.list(pipeline, 10)).toMatchObject([{ id, result: 'running' }]);
    });
  });
}
