import { driftKindOf, isTolerated } from '../../engine/pipeline/drift/tolerated.ts';
import { followedCollections } from '../../engine/pipeline/memory.ts';
import type { PipelineSettings } from '../../protocol/configuration.ts';
import type { Finding } from '../../protocol/finding.ts';
import type { PipelineParts } from './open-pipeline.ts';

type Settings = Pick<PipelineSettings, 'drift'>;

/**
 * What a collection that was in step before goes on with is a warning: `drift` says to ignore it, or to mend it at the start. A key's columns
 * are what everything else goes by.
 */
export function underDrift(
  found: Finding,
  { drift, isOfKey }: Settings & { readonly isOfKey: boolean },
): Finding {
  const isMended = isEnum(found) && drift.enumValueAdded === 'follow';
  return isMended || (isTolerated(found, drift) && !isOfKey) ? { ...found, level: 'warning' } : found;
}

/** What happened while no engine ran pauses its collection only. */
export const pausesFor = (found: Finding): boolean => isEnum(found);

const isEnum = (found: Finding): boolean =>
  driftKindOf(found) === 'enumValueAdded' && found.rowsOnly === true;

export async function followedBy({ pipeline, context }: PipelineParts): Promise<ReadonlySet<string>> {
  if (pipeline.settings.mode !== 'live') return new Set();
  return await followedCollections(await context.store(), pipeline.name);
}
