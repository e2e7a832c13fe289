import { reach } from '../../protocol/failpoints.ts';
import { collectionNamed } from '../../protocol/named-collection.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import { usageError } from '../failure.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import type { ApproveResult } from '../results.ts';
import type { PipelineParts } from './open-pipeline.ts';

/** Says that what the guards hold back is meant; the next run removes it, each key read again first. */
export async function approve(
  { pipeline, context }: PipelineParts,
  { collection: asked }: VerbOptions & { readonly collection?: string | undefined },
): Promise<ApproveResult> {
  const store = await context.store();
  const guards = await store.guards.list(pipeline.name);
  const names = guards.map((guard) => guard.collection);
  const collection = asked === undefined ? undefined : chosen(asked, names);
  const approved: string[] = [];
  for (const guard of guards) {
    if (collection !== undefined && guard.collection !== collection) continue;
    reach('guard.approve.before');
    const wasWaiting = await store.guards.approve(pipeline.name, guard.collection, Date.now());
    reach('guard.approve.after');
    if (wasWaiting) approved.push(guard.collection);
  }
  return { pipeline: pipeline.name, approved };
}

/** Where none waits there is nothing to choose from, and nothing to do. */
function chosen(asked: string, names: readonly string[]): string {
  const collection = collectionNamed(asked, names) ?? asked;
  if (names.length === 0 || names.includes(collection)) return collection;
  throw usageError(
    `No guard holds anything of ${asked}${nearestHint(asked, names)}`,
    `Guards hold back rows of: ${names.join(', ')}`,
  );
}
