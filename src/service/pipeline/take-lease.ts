import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlStore, Lease } from '../../protocol/control-store.ts';
import { isLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { EventSink } from '../../protocol/events.ts';
import type { Fence } from '../../protocol/names.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { isAlive } from './spill-directory.ts';

const durationMs = 5_000;
const askAgainMs = 100;

/** Host and process are in the name, so that the lease of a process that died here need not be waited for. */
const ownName = (): string => `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;

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
  const giveUpAt = performance.now() + durationMs + askAgainMs * 2;
  let told = false;
  for (;;) {
    try {
      return await LeaseKeeper.take(store, pipeline, { ...settings, wasWaitedFor: told });
    } catch (thrown) {
      if (!isLockstepError(thrown, 'lease-held') || performance.now() > giveUpAt) throw thrown;
      if (!told) events.emit('notice', { pipeline, side: 'destination', message: thrown.message });
      told = true;
    }
    const held = await store.leases.get(pipeline);
    if (held !== null && isOfDeadProcess(held)) await store.leases.release(held);
    else await delay(askAgainMs, undefined, { signal });
  }
}

/** Its process ran here and is gone: nobody will renew it. */
export function isOfDeadProcess({ owner }: Lease): boolean {
  const [host, pid] = owner.split('/');
  return host === hostname() && pid !== undefined && !isAlive(Number(pid));
}
