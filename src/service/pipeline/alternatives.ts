import { readBeaten } from '../../engine/alternatives/record.ts';
import type { AlternativeList } from '../live-results.ts';
import type { PipelineParts } from './open-pipeline.ts';

/** From the control store alone, as the engine that runs the pipeline remembers them. */
export async function listAlternatives(
  { pipeline: { name: pipeline }, context }: PipelineParts,
  { collection }: { readonly collection: string },
): Promise<AlternativeList> {
  const store = await context.store();
  return { pipeline, collection, keys: await readBeaten({ store, pipeline }, collection) };
}
