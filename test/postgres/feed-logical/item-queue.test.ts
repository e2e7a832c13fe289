import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { ItemQueue } from '../../../src/connectors/postgres/feed/logical/stream/item-queue.ts';

test('what was taken is held by nobody, also while the queue never runs empty', async () => {
  const queue = new ItemQueue();
  const released = new Set<number>();
  const registry = new FinalizationRegistry<number>((place) => released.add(place));
  const put = (place: number): void => {
    const meta = { origin: null, committedAtMs: null, version: null, transaction: null };
    const changes = [{ kind: 'touch' as const, collection: 't', key: `k${place}`, meta }];
    registry.register(changes, place);
    queue.put({
      kind: 'batch',
      shard: 'main',
      epoch: 1,
      changes,
      boundary: null,
      committedAtMs: 1,
      bytes: 1,
    });
  };
  put(0);
  for (let place = 1; place <= 1_000; place += 1) {
    put(place);
    queue.take();
  }
  await vi.waitFor(() => {
    collectGarbage();
    expect(released.size).toBeGreaterThan(900);
  });
  expect(queue.bytes).toBe(1);
});

/** Node has no other way to ask for it after it was started. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  Reflect.apply(runInNewContext('gc'), undefined, []);
}
