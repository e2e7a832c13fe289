import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { PipelineContext, PipelineOperations } from '../pipeline-operations.ts';
import { listAlerts } from './alerts.ts';
import { listAlternatives } from './alternatives.ts';
import { approve } from './approve.ts';
import { check } from './check.ts';
import { discard } from './discard.ts';
import { discardGeneration, listGenerations, promoteGeneration, rollBackGeneration } from './generations.ts';
import { listLetters, showLetter } from './letters.ts';
import { pause, resume } from './pause.ts';
import { plan } from './plan.ts';
import { remove } from './remove.ts';
import { askRepair, verifyBesideEngine } from './repair.ts';
import { replay } from './replay.ts';
import { resync } from './resync.ts';
import { run } from './run.ts';
import { listRuns } from './runs/list-runs.ts';
import { startByMode } from './start-by-mode.ts';
import { status } from './status.ts';

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
    verify: (options) => verifyBesideEngine(parts, options),
    status: () => status(parts),
    runs: (options) => listRuns(parts, options),
    alerts: () => listAlerts(parts),
    approve: (options) => approve(parts, options),
    remove: (options) => remove(parts, options),
    start: (options) => startByMode(parts, options),
    pause: (options) => pause(parts, options),
    resume: (options) => resume(parts, options),
    resync: (options) => resync(parts, options),
    askRepair: (options) => askRepair(parts, options),
    letters: (options) => listLetters(parts, options),
    letter: (options) => showLetter(parts, options),
    replay: (options) => replay(parts, options),
    discard: (options) => discard(parts, options),
    alternatives: (options) => listAlternatives(parts, options),
    generations: (options) => listGenerations(parts, options),
    promoteGeneration: (options) => promoteGeneration(parts, options),
    rollBackGeneration: (options) => rollBackGeneration(parts, options),
    discardGeneration: (options) => discardGeneration(parts, options),
    [Symbol.asyncDispose]: async () => {},
  };
}
