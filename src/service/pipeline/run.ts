import { SinceReads } from '../../engine/since/since-reads.ts';
import type { WalkContext } from '../../engine/walk/context.ts';
import { type PassResult, runPass } from '../../engine/walk/pass.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { PreparedStep } from '../../protocol/writer.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import type { CollectionExtent, CollectionFailure, RunResult } from '../results.ts';
import { collectionFailure } from './collection-failure.ts';
import { waitingGuards } from './guards.ts';
import { comparisonMoments } from './incremental/comparing.ts';
import { extentOfRun, toExtents } from './incremental/extents.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { heedRollback, refusePaused } from './rolled-back.ts';
import { runLiveOnce } from './run-until-in-step.ts';
import { type WritingOptions, whileWriting } from './writing.ts';

export interface RunOptions extends VerbOptions, Pick<WritingOptions, 'trigger' | 'before'> {
  /** Default: false. Of an incremental pipeline everything, of a live one beside its stream. */
  readonly compare?: boolean;
}

/** One pass over all collections: the destination is in step with one moment of the source when it returns `equal`. */
export async function run(parts: PipelineParts, options: RunOptions): Promise<RunResult> {
  const { pipeline } = parts;
  const { name, settings } = pipeline;
  const { compare = false } = options;
  await refusePaused(await parts.context.store(), name);
  if (settings.mode === 'live') return await runLiveOnce(parts, options);
  const before = async (walk: WalkContext): Promise<void> => {
    // Somebody may have paused or rolled back while we waited for the lease, or before the copy that our store was restored from.
    await heedRollback(walk);
    await refusePaused(walk.store, name);
    await options.before?.(walk);
  };
  return await whileWriting(parts, { ...options, kind: 'run', before }, async (walk, plans) => {
    const startedAtMs = walk.clock.now();
    const steps = await missingTargets(walk, plans);
    walk.events.emit('status', {
      pipeline: name,
      status: 'copying',
      reason: 'a pass is under way',
      nextStep: 'it ends by itself',
    });
    walk.events.emit('pass.started', { pipeline: name, kind: 'run', resumed: false, ...extentOf(plans) });
    const since = await openSince(walk, plans, { pipeline, compare });
    const staged = since === null && settings.refresh.by !== 'direct';
    const pass = await runPass(walk, plans, { staged, since });
    await since?.finish(pass);
    const extents = since === null ? [] : toExtents(since.extents);
    const seconds = (walk.clock.now() - startedAtMs) / 1000;
    walk.events.emit('pass.finished', { pipeline: name, result: pass.result, seconds });
    const result = await toResult(walk, pass, { steps, seconds, extents });
    const counts = Object.fromEntries(
      pass.collections.map((collection) => [collection.name, { ...collection.counts }]),
    );
    const extent = since === null ? {} : { extent: extentOfRun(extents) };
    return { result, ended: pass.result, summary: { seconds, collections: counts, ...extent } };
  });
}

/** What is read since cursors; null: the pipeline has none. */
async function openSince(
  walk: WalkContext,
  plans: readonly CollectionPlan[],
  { pipeline: { settings }, compare }: { readonly pipeline: ResolvedPipeline; readonly compare: boolean },
): Promise<SinceReads | null> {
  if (settings.mode !== 'incremental') return null;
  return await SinceReads.open(walk, plans, { due: comparisonMoments(settings), asked: compare });
}

export const extentOf = (plans: readonly CollectionPlan[]) => ({
  collections: plans.map((plan) => plan.name),
  estimatedRows: plans.reduce((sum, plan) => sum + plan.sourceShape.estimatedRows, 0),
});

async function missingTargets(
  { writer, signal }: WalkContext,
  plans: readonly CollectionPlan[],
): Promise<readonly PreparedStep[]> {
  const missing = plans.filter((plan) => plan.targetShape === null);
  return missing.length === 0 ? [] : writer.preview({ plans: missing, signal });
}

async function toResult(
  walk: WalkContext,
  pass: PassResult,
  {
    steps,
    seconds,
    extents,
  }: { steps: readonly PreparedStep[]; seconds: number; extents: readonly CollectionExtent[] },
): Promise<RunResult> {
  return {
    pipeline: walk.pipeline,
    result: pass.result,
    resumed: pass.resumed,
    seconds,
    steps,
    collections: pass.collections.map(({ name, counts }) => ({ collection: name, ...counts })),
    deadLetters: pass.collections.reduce((sum, { counts }) => sum + counts.deadLetters, 0),
    guards: await waitingGuards(walk.store, walk.pipeline),
    failures: toFailures(pass),
    extents,
  };
}

const toFailures = (pass: PassResult): readonly CollectionFailure[] =>
  pass.collections.flatMap(({ name, error }) => (error === null ? [] : [collectionFailure(name, error)]));
