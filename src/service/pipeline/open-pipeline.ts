import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { PipelineContext, PipelineOperations, VerbOptions } from '../pipeline-operations.ts';
import { approve } from './approve.ts';
import { check } from './check.ts';
import { plan } from './plan.ts';
import { remove } from './remove.ts';
import { run } from './run.ts';
import { status } from './status.ts';
import { verify } from './verify.ts';

/** What every verb of a pipeline works with. */
export interface PipelineParts {
  readonly pipeline: ResolvedPipeline;
  readonly context: PipelineContext;
}

/** The verbs of one pipeline, each in a file of its own. Opening connects to nothing. */
export async function openPipeline(
  pipeline: ResolvedPipeline,
  context: PipelineContext,
): Promise<PipelineOperations> {
  const parts: PipelineParts = { pipeline, context };
  return {
    check: (options) => check(parts, options),
    plan: (options) => plan(parts, options),
    run: (options) => run(parts, options),
    verify: (options: VerbOptions & { readonly repair: boolean }) => verify(parts, options),
    status: () => status(parts),
    approve: (options) => approve(parts, options),
    remove: (options) => remove(parts, options),
    [Symbol.asyncDispose]: async () => {},
  };
}
