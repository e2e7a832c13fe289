import type { WalkContext } from '../../engine/walk/context.ts';
import { type PassResult, runPass } from '../../engine/walk/pass.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { PreparedStep } from '../../protocol/writer.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import type { CollectionFailure, RunResult } from '../results.ts';
import { waitingGuards } from './guards.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { refusePaused } from './rolled-back.ts';
import { runLiveOnce } from './run-until-in-step.ts';
import { type WritingOptions, whileWriting } from './writing.ts';

/** One pass over all collections: the destination is in step with one moment of the source when it returns `equal`. */
export async function run(
  parts: PipelineParts,
  options: VerbOptions & Pick<WritingOptions, 'trigger' | 'before'>,
): Promise<RunResult> {
  const { name, settings } = parts.pipeline;
  if (settings.mode === 'live') return await runLiveOnce(parts, options);
  await refusePaused(await parts.context.store(), name);
  return await whileWriting(parts, { ...options, kind: 'run' }, async (walk, plans) => {
    // Somebody may have rolled back while we waited for the lease.
    await refusePaused(walk.store, name);
    const startedAtMs = walk.clock.now();
    const steps = await missingTargets(walk, plans);
    walk.events.emit('status', {
      pipeline: name,
      status: 'copying',
      reason: 'a pass is under way',
      nextStep: 'it ends by itself',
    });
    walk.events.emit('pass.started', { pipeline: name, kind: 'run', resumed: false, ...extentOf(plans) });
    const pass = await runPass(walk, plans, { staged: settings.refresh.by === 'staged' });
    const seconds = (walk.clock.now() - startedAtMs) / 1000;
    walk.events.emit('pass.finished', { pipeline: name, result: pass.result, seconds });
    const result = await toResult(walk, pass, { steps, seconds });
    const counts = Object.fromEntries(
      pass.collections.map((collection) => [collection.name, { ...collection.counts }]),
    );
    return { result, ended: pass.result, summary: { seconds, collections: counts } };
  });
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
  { steps, seconds }: { steps: readonly PreparedStep[]; seconds: number },
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
  };
}

const toFailures = (pass: PassResult): readonly CollectionFailure[] =>
  pass.collections.flatMap(({ name, error }) =>
    error === null ? [] : [{ collection: name, code: error.code, message: error.message, cure: error.cure }],
  );
