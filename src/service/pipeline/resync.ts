import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { collectionNamed } from '../../protocol/named-collection.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import type { RequestResult } from '../live-results.ts';
import { requireLive } from './engine-owner.ts';
import { readLiveStatus } from './live-status.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { ask, type RequestOptions } from './requests.ts';

/** Brings collections in step anew while the stream goes on; without names, all of them. */
export async function resync(
  parts: PipelineParts,
  { collections, ...options }: RequestOptions & { readonly collections: readonly string[] | null },
): Promise<RequestResult> {
  requireLive(parts.pipeline, 'resync');
  const named = collections === null ? null : await namedCollections(parts, collections);
  return ask(parts, { kind: 'resync', detail: { collections: named, repair: true } }, options);
}

/** As far as an engine has told which there are; else the engine that takes the request up says so. */
async function namedCollections(
  { pipeline, context }: PipelineParts,
  collections: readonly string[],
): Promise<readonly string[]> {
  const live = await readLiveStatus(await context.store(), pipeline.name);
  const known = live?.collections.map(({ name }) => name) ?? [];
  if (known.length === 0) return collections;
  const named = collections.map((name) => collectionNamed(name, known));
  const faults = collections
    .filter((_, index) => named[index] === null)
    .map((name) => `${name}${nearestHint(name, known)}`);
  if (faults.length === 0) return named.filter((name) => name !== null);
  throw new LockstepError('usage', {
    detail: `${pipeline.name} has no collection ${faults.join(', and none ')}`,
    hint: `There are: ${known.join(', ')}`,
  });
}
