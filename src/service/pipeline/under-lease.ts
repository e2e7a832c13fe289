import type { WalkContext } from '../../engine/walk/context.ts';
import type { ControlStore } from '../../protocol/control-store.ts';
import type { Connections } from './connections.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { openThrottle } from './open-throttle.ts';
import { makeSpillDirectory } from './spill-directory.ts';
import { takeLease } from './take-lease.ts';
import { reasonOf, workContext } from './work-context.ts';

/** What a pipeline writes with, as long as its lease is ours. */
export interface UnderLease<Plans> extends AsyncDisposable {
  readonly store: ControlStore;
  readonly walk: WalkContext;
  readonly plans: Plans;
  /** Why work ended that threw this: our own reasons go before the errors that they caused. */
  readonly reasonOf: (thrown: unknown) => unknown;
}

export interface LeaseRequest<Plans> {
  readonly connections: Connections;
  readonly signal: AbortSignal;
  /** Looks at both sides; once more under the lease if somebody else held it when we looked. */
  readonly plan: () => Promise<Plans>;
  /** Default: false. Whoever finds another at work waits until that is gone. */
  readonly standsBy?: boolean | undefined;
}

/** Looks before it takes the lease, so that what can't run is told without getting in anybody's way. */
export async function underLease<Plans>(
  { pipeline, context }: PipelineParts,
  { connections, signal, plan, standsBy }: LeaseRequest<Plans>,
): Promise<UnderLease<Plans>> {
  const { events } = context;
  const { name } = pipeline;
  const prepared = await plan();
  const store = await context.store();
  const atLeast = await connections.writer.seenFence({ pipeline: name, signal });
  await using opening = new AsyncDisposableStack();
  const lease = opening.use(await takeLease(store, name, { events, signal, atLeast, standsBy }));
  // Whoever held the lease when we looked may have made what was missing then.
  const plans = lease.wasWaitedFor ? await plan() : prepared;
  const { path: spillDirectory } = opening.use(await makeSpillDirectory(context.stateDirectory));
  const throttle = opening.use(openThrottle(connections, { pipeline: name, events }));
  const asked = { asked: signal, leaseLost: lease.signal };
  const { fence } = lease;
  const work = { connections, store, fence, spillDirectory, throttle, ...asked };
  const walk = workContext({ pipeline, context, ...work });
  const opened = opening.move();
  return {
    store,
    walk,
    plans,
    reasonOf: (thrown) => reasonOf(thrown, asked),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
