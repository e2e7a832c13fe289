import { reach } from '../../protocol/failpoints.ts';
import type { StreamContext } from '../stream/context.ts';
import type { LeavingHolder } from '../stream/hold-leavings.ts';
import type { TouchQueue } from '../stream/touch-queue.ts';

/** What somebody approved leaves now: each key is read again, so that what came back meanwhile stays. */
export async function releaseApproved(
  context: StreamContext,
  { holder, touches }: { readonly holder: LeavingHolder; readonly touches: TouchQueue },
): Promise<void> {
  const { store, pipeline, fence, events } = context;
  for (const { collection, state, raisedAtMs } of await store.guards.list(pipeline)) {
    if (state !== 'approved') continue;
    // The stream may have added to it until it is released; from then on what it holds is another decision.
    const passed = await passKeys(context, { collection, touches, after: 0 });
    holder.released(collection);
    await passKeys(context, { collection, touches, after: passed });
    reach('guard.clear.before');
    await store.guards.clear({ pipeline, fence }, collection, { raisedAtMs });
    reach('guard.clear.after');
    events.emit('guard.cleared', { pipeline, collection });
  }
}

interface PassedKeys {
  readonly collection: string;
  readonly touches: TouchQueue;
  /** So many of its keys went before. */
  readonly after: number;
}

/** Returns how many keys the guard has. They are written when it returns. */
async function passKeys(
  { store, pipeline, signal }: StreamContext,
  { collection, touches, after }: PassedKeys,
): Promise<number> {
  let count = 0;
  for await (const keys of store.guards.keys(pipeline, collection)) {
    const fresh = keys.slice(Math.max(0, after - count));
    count += keys.length;
    await touches.add(collection, fresh, { signal, mayLeave: true });
  }
  await touches.drained(collection, signal);
  return count;
}
