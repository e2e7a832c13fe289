import { setTimeout as delay } from 'node:timers/promises';
import type { ControlStore } from '../../protocol/control-store.ts';
import { isLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { EventSink } from '../../protocol/events.ts';
import type { Fence } from '../../protocol/names.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { isOfDeadProcess, ownName } from './owner-name.ts';

const durationMs = 5_000;
const askAgainMs = 100;
/** Many may stand by for many pipelines, each over a network. */
const askSharedAgainMs = 250;

/**
 * Takes the pipeline's lease. One that is held may be a dead process's: it is waited for as long as a lease lasts, then it is somebody's
 * who renews it, and `lease-held` says whose. `atLeast`: what the destination has seen, so that a store that was lost or restored does not
 * hand out a fence that the destination refuses.
 */
export async function takeLease(
  store: ControlStore,
  pipeline: string,
  {
    events,
    signal,
    atLeast,
  }: { readonly events: EventSink; readonly signal: AbortSignal; readonly atLeast: Fence },
): Promise<LeaseKeeper> {
  const settings = { durationMs, owner: ownName(), atLeast };
  const pauseMs = store.isShared ? askSharedAgainMs : askAgainMs;
  const giveUpAt = performance.now() + durationMs + pauseMs * 2;
  let told = false;
  for (;;) {
    try {
      return await LeaseKeeper.take(store, pipeline, { ...settings, wasWaitedFor: told });
    } catch (thrown) {
      if (!isLockstepError(thrown, 'lease-held') || performance.now() > giveUpAt) throw thrown;
      if (!told) events.emit('notice', { pipeline, side: 'destination', message: thrown.message });
      told = true;
    }
    if (!(await releaseOfDead(store, pipeline))) await delay(pauseMs, undefined, { signal });
  }
}

/** What this machine knows of its processes says nothing about an owner on another, whatever that calls itself. */
async function releaseOfDead(store: ControlStore, pipeline: string): Promise<boolean> {
  const held = store.isShared ? null : await store.leases.get(pipeline);
  if (held === null || !isOfDeadProcess(held)) return false;
  await store.leases.release(held);
  return true;
}
