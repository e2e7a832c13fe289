import type { WalkContext } from '../../engine/walk/context.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import { type Connections, openConnections } from './connections.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { openThrottle } from './open-throttle.ts';
import { plansToRun } from './plans-to-run.ts';
import { makeSpillDirectory } from './spill-directory.ts';
import { followedBy } from './under-drift.ts';
import { reasonOf, workContext } from './work-context.ts';

/** Work that only reads: no lease is taken, nothing is written on either side. */
export async function whileReading<Result>(
  { pipeline, context }: PipelineParts,
  { signal }: VerbOptions,
  work: (walk: WalkContext, plans: readonly CollectionPlan[], connections: Connections) => Promise<Result>,
): Promise<Result> {
  const asked = { asked: signal, leaseLost: null };
  try {
    await using connections = await openConnections(pipeline, { ...context, signal });
    const followed = await followedBy({ pipeline, context });
    const { plans } = await plansToRun(pipeline, connections, { signal, followed });
    await using spill = await makeSpillDirectory(context.stateDirectory);
    const store = await context.store();
    const { events } = context;
    await using throttle = openThrottle(connections, { pipeline: pipeline.name, events });
    const opened = { connections, store, fence: 0, spillDirectory: spill.path, throttle };
    return await work(workContext({ pipeline, context, ...opened, ...asked }), plans, connections);
  } catch (thrown) {
    throw reasonOf(thrown, asked);
  }
}
