import { expect, test } from 'vitest';
import { LiveMemory, stoppedCollections } from '../../../src/engine/pipeline/memory.ts';
import type { WalkContext } from '../../../src/engine/walk/context.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const pipeline = 'shop';

test('what was remembered comes back, and what nobody of us wrote is refused by its name', async () => {
  await using directory = await temporaryDirectory();
  await using store = await openSqliteStore({ path: `${directory.path}/store.db` });
  const lease = await store.leases.acquire({ pipeline, owner: 'us', durationMs: 60_000 });
  if (lease === null) throw new Error('nobody else has the lease');
  const by = { pipeline, fence: lease.fence };
  const memory = new LiveMemory({ store, ...by } as WalkContext);
  const walking = { reason: 'a gap', fills: false, sinceMs: 1 };
  const stopped = { code: 'shape-changed', message: 'm', nextStep: 'n', sinceMs: 2 } as const;
  await memory.setWalk('users', walking);
  await memory.setStopped('orders', stopped);
  expect([...(await memory.walks())]).toEqual([['users', walking]]);
  expect([...(await stoppedCollections(store, pipeline))]).toEqual([['orders', stopped]]);
  const save = (space: string, name: string, value: string) =>
    store.checkpoints.save(by, [{ space, name, value }]);
  await save('live', 'phase', 'streaming');
  await save('live/walks', 'users', 'a gap');
  await save('live/stopped', 'orders', 'yes');
  const refused = (entry: string) => ({
    code: 'store-unusable',
    message: expect.stringContaining(`The control store entry ${entry} `),
  });
  await expect(memory.phase()).rejects.toMatchObject(refused('live/phase'));
  await expect(memory.walks()).rejects.toMatchObject(refused('live/walks/users'));
  await expect(memory.stopped()).rejects.toMatchObject(refused('live/stopped/orders'));
});
