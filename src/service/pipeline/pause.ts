import type { PauseResult, ResumeResult } from '../live-results.ts';
import { engineRuns, requireLive } from './engine-owner.ts';
import { readLiveStatus } from './live-status.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { refuseUnlessMeant } from './rolled-back.ts';

/** Stops the stream, or runs by a schedule, until `resume`, over restarts too. A running engine sees it within a second, a run goes on to its end. */
export async function pause(
  { pipeline, context }: PipelineParts,
  { reason }: { readonly reason: string | undefined },
): Promise<PauseResult> {
  if (pipeline.settings.schedule === undefined) requireLive(pipeline, 'pause');
  const store = await context.store();
  const before = await store.requests.paused(pipeline.name);
  const paused =
    before === null
      ? { sinceMs: Date.now(), reason: reason ?? '' }
      : { sinceMs: before.sinceMs, reason: reason ?? before.reason };
  await store.requests.setPaused(pipeline.name, paused);
  const live = await readLiveStatus(store, pipeline.name);
  return {
    pipeline: pipeline.name,
    ...paused,
    wasPaused: before !== null,
    engineRuns: await engineRuns(store, pipeline),
    retained: live?.retained ?? null,
  };
}

/** `yes`: what was rolled back may be brought in again. */
export async function resume(
  { pipeline, context }: PipelineParts,
  { yes }: { readonly yes: boolean },
): Promise<ResumeResult> {
  const store = await context.store();
  const before = await store.requests.paused(pipeline.name);
  // Without a schedule others can't be paused but by a rollback, which is what can be resumed then.
  if (before === null && pipeline.settings.schedule === undefined) requireLive(pipeline, 'resume');
  await refuseUnlessMeant(store, pipeline.name, { yes });
  if (before !== null) await store.requests.setPaused(pipeline.name, null);
  return {
    pipeline: pipeline.name,
    wasPaused: before !== null,
    engineRuns: await engineRuns(store, pipeline),
  };
}
