import { feedCollection } from '../../engine/stream/carried-rows.ts';
import { toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { PreparedStep } from '../../protocol/writer.ts';
import { forgetAlerts } from '../alerts/forget-alerts.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import type { RemoveResult } from '../results.ts';
import { openConnections } from './connections.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { resolveCollections } from './resolve-collections.ts';
import { removeSpilled } from './spill-directory.ts';
import { takeLease } from './take-lease.ts';

/** Removes everything of ours, at the destination and in the control store. What can't be reached is named; rows of targets stay. */
export async function remove(
  { pipeline, context }: PipelineParts,
  { signal }: VerbOptions,
): Promise<RemoveResult> {
  const { events } = context;
  const store = await context.store();
  await using lease = await takeLease(store, pipeline.name, { events, signal, atLeast: 0 });
  const removed: PreparedStep[] = [];
  const left: string[] = [];
  try {
    removed.push(...(await removeOnBothSides({ pipeline, context }, signal)));
  } catch (thrown) {
    const error = toLockstepError(thrown);
    left.push(`${pipeline.destination.label}: ${error.message} ${error.cure}`);
  }
  if (left.length === 0) {
    reach('store.remove.before');
    await store.removePipeline({ pipeline: pipeline.name, fence: lease.fence });
    reach('store.remove.after');
    await forgetAlerts(store, pipeline.name);
    removed.push({ what: `forgot the pipeline ${pipeline.name} in the control store`, statement: null });
  }
  await removeSpilled(context.stateDirectory);
  return { pipeline: pipeline.name, removed, left };
}

async function removeOnBothSides(
  { pipeline, context }: PipelineParts,
  signal: AbortSignal,
): Promise<readonly PreparedStep[]> {
  await using connections = await openConnections(pipeline, { ...context, signal });
  const { reader, writer, feed } = connections;
  const { plans } = await resolveCollections({
    collections: pipeline.collections,
    create: true,
    source: reader,
    destination: writer.reader,
    signal,
  });
  const atSource = await feed?.remove({
    collections: plans.map((plan) => feedCollection(plan, feed)),
    signal,
  });
  return [...(atSource ?? []), ...(await writer.remove({ pipeline: pipeline.name, plans, signal }))];
}
