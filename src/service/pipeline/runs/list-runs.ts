import type { RunsResult } from '../../results.ts';
import type { PipelineParts } from '../open-pipeline.ts';
import { runHistory } from './history.ts';

/** The history of the pipeline, from the control store alone. */
export async function listRuns(
  { pipeline, context }: PipelineParts,
  { limit }: { readonly limit: number },
): Promise<RunsResult> {
  return { pipeline: pipeline.name, runs: await runHistory(await context.store(), pipeline.name, limit) };
}
