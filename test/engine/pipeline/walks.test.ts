import { expect, test } from 'vitest';
import { LiveMemory } from '../../../src/engine/pipeline/memory.ts';
import { Walks, type WalksParts } from '../../../src/engine/pipeline/walks.ts';
import type { StreamCollection } from '../../../src/engine/stream/collection.ts';
import type { StreamContext } from '../../../src/engine/stream/context.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const manyLooks = 1_000;

/** Whoever looks again and again without a pause is told so: else he would keep everybody else from running, this test too. */
class WatchedMemory extends LiveMemory {
  looks = 0;

  override async fingerprints(): Promise<ReadonlyMap<string, string>> {
    this.looks += 1;
    if (this.looks > manyLooks)
      throw new Error('it looks again and again, though no walk can come to an end');
    return super.fingerprints();
  }
}

test.each([
  ['a walk that is under way', false],
  ['a walk that waits for transactions', true],
])('who is no longer the owner goes on with nothing: %s', async (_what, fills) => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ path: `${directory.path}/store.db` });
  const pipeline = 'shop';
  const lease = await store.leases.acquire({ pipeline, owner: 'us', durationMs: 60_000 });
  const lost = new AbortController();
  const { signal } = lost;
  const feed = { head: () => Promise.reject(signal.reason) };
  const events = { emit: () => undefined };
  const clock = { now: () => 0 };
  const by = { store, pipeline, fence: lease?.fence };
  // Of the context, the collection and the parts only what a walk looks at before it begins: a whole pipeline would hide the loop.
  const context = { ...by, signal, feed, events, clock } as unknown as StreamContext;
  const memory = new WatchedMemory(context);
  await memory.setFingerprint('users', 'as it is');
  await memory.setWalk('users', { reason: 'a gap', fills, sinceMs: 1 });
  const users = { name: 'users', plan: { fingerprint: 'as it is' }, stopped: null };
  const collections = new Map([['users', users as unknown as StreamCollection]]);
  const walks = await Walks.open({ context, memory, collections } as unknown as WalksParts);
  const stopping = new AbortController();
  lost.abort(new Error('somebody else has the lease'));
  await Promise.all([walks.run(stopping.signal), walks.settle(stopping.signal)]);
  expect(memory.looks).toBeLessThan(10);
  expect([...walks.waiting.keys()]).toEqual(['users']);
});
