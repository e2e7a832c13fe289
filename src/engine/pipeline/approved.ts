import { reach } from '../../protocol/failpoints.ts';
import type { StreamContext } from '../stream/context.ts';
import type { LeavingHolder } from '../stream/hold-leavings.ts';
import type { TouchQueue } from '../stream/touch-queue.ts';

/** What somebody approved leaves now: each key is read again, so that what came back meanwhile stays. */
export async function releaseApproved(
  context: StreamContext,
  { holder, touches }: { readonly holder: LeavingHolder; readonly touches: TouchQueue },
): Promise<void> {
  const { store, pipeline, fence, signal } = context;
  for (const { collection, state } of await store.guards.list(pipeline)) {
    if (state !== 'approved') continue;
    for await (const keys of store.guards.keys(pipeline, collection))
      await touches.add(collection, keys, { signal, mayLeave: true });
    await touches.drained(collection, signal);
    reach('guard.clear.before');
    await store.guards.clear({ pipeline, fence }, collection);
    reach('guard.clear.after');
    holder.released(collection);
  }
}
