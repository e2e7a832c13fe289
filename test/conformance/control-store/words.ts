import { describe, expect, test } from 'vitest';
import { wellFormed } from '../../support/well-formed.ts';
import { leaseOn, type OpenStore, pagesOf, pipeline } from './store-under-test.ts';

/** What a store gives back is said in the protocol's words, and in nothing else. */
export function wordConformance(open: OpenStore): void {
  describe('words', () => {
    test('leases, letters, guards, requests, runs and connections', async () => {
      await using under = await open();
      const { store } = under;
      const lease = await leaseOn(store);
      wellFormed('lease', lease);
      const by = { pipeline, fence: lease.fence };
      const letter = {
        collection: 'users',
        key: '["1"]',
        code: 'value-refused',
        message: 'too long',
        failedAtMs: 1000,
      } as const;
      const sealed = new Uint8Array([1, 2]);
      const deferred = { ...letter, key: '["2"]', state: 'deferred', until: '0/1', sealed } as const;
      await store.deadLetters.put(by, [letter, deferred], 10);
      const guard = { collection: 'users', leaving: 1, total: 2, samples: ['["1"]'], raisedAtMs: 1000 };
      await store.guards.raise(by, guard, pagesOf(['["1"]']));
      const id = await store.requests.ask(pipeline, { kind: 'resync', detail: null, askedAtMs: 1000 });
      await store.runs.begin(by, { kind: 'run', startedAtMs: 1000 });
      await store.connections.put({ name: 'shop', sealed, savedAtMs: 1000 });
      const other = await under.reopen();
      const letters = await other.deadLetters.list(pipeline, { limit: 10 });
      expect(letters).not.toHaveLength(0);
      wellFormed('deadLetter', ...letters);
      wellFormed('guard', ...(await other.guards.list(pipeline)));
      wellFormed('request', await other.requests.get(pipeline, id));
      wellFormed('run', ...(await other.runs.list(pipeline, 10)));
      wellFormed('storedConnection', await other.connections.get('shop'));
    });
  });
}
