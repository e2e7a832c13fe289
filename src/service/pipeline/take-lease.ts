import { setTimeout as delay } from 'node:timers/promises';
import type { ControlStore } from '../../protocol/control-store.ts';
import { interruptedBy } from '../../protocol/errors/interrupted.ts';
import { isLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { EventSink } from '../../protocol/events.ts';
import type { Fence } from '../../protocol/names.ts';
import { LeaseKeeper } from './lease-keeper.ts';
import { isOfDeadProcess, ownName } from './owner-name.ts';
import { tellStandby } from './tell-standby.ts';

const durationMs = 5_000;
const askAgainMs = 100;
/** Many may stand by for many pipelines, each over a network. */
const askSharedAgainMs = 250;

/** A standby looks after so long whether all it needs is still there. */
const standbyMs = 60_000;

export interface LeaseWanted {
  readonly events: EventSink;
  readonly signal: AbortSignal;
  /** What the destination has seen, so that a store that was lost or restored does not hand out a fence that the destination refuses. */
  readonly atLeast: Fence;
  /** Default: false. Waits on when somebody renews it, ready to take over at once. */
  readonly standsBy?: boolean | undefined;
  /** Default: true. False: `lease-held` at once. */
  readonly waits?: boolean | undefined;
}

/**
 * Takes the pipeline's lease. One that is held may be a dead process's: it is waited for as long as a lease lasts, then it is somebody's
 * who renews it. Then `lease-held` says whose, or we stand by.
 */
export async function takeLease(
  store: ControlStore,
  pipeline: string,
  { events, signal, atLeast, standsBy = false, waits = true }: LeaseWanted,
): Promise<LeaseKeeper> {
  const settings = { durationMs, owner: ownName(), atLeast };
  const pauseMs = store.isShared ? askSharedAgainMs : askAgainMs;
  const heldAt = performance.now() + durationMs + pauseMs * 2;
  const giveUpAt = heldAt + (standsBy ? standbyMs : 0);
  const told = { waiting: false, standby: false };
  for (;;) {
    try {
      return await LeaseKeeper.take(store, pipeline, { ...settings, wasWaitedFor: told.waiting });
    } catch (thrown) {
      if (!isLockstepError(thrown, 'lease-held') || !waits || performance.now() > giveUpAt) throw thrown;
      if (!told.waiting) events.emit('notice', { pipeline, side: 'destination', message: thrown.message });
      told.waiting = true;
      if (performance.now() > heldAt && !told.standby) tellStandby(pipeline, thrown, events);
      told.standby = performance.now() > heldAt;
    }
    if (!(await releaseOfDead(store, pipeline))) await pause(pauseMs, signal);
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => {
    throw interruptedBy(signal);
  });

/** What this machine knows of its processes says nothing about an owner on another, whatever that calls itself. */
async function releaseOfDead(store: ControlStore, pipeline: string): Promise<boolean> {
  const held = store.isShared ? null : await store.leases.get(pipeline);
  if (held === null || !isOfDeadProcess(held)) return false;
  await store.leases.release(held);
  return true;
}
