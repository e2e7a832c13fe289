import type { PauseResult, ResumeResult } from '../live-results.ts';
import { engineRuns, requireLive } from './engine-owner.ts';
import { readLiveStatus } from './live-status.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { refuseUnlessMeant } from './rolled-back.ts';

/** Stops the stream until `resume`, over restarts too. The running engine sees it within a second. */
export async function pause(
  { pipeline, context }: PipelineParts,
  { reason }: { readonly reason: string | undefined },
): Promise<PauseResult> {
  requireLive(pipeline, 'pause');
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
  // Others can't be paused but by a rollback, which is what can be resumed then.
  if (before === null) requireLive(pipeline, 'resume');
  await refuseUnlessMeant(store, pipeline.name, { yes });
  if (before !== null) await store.requests.setPaused(pipeline.name, null);
  return {
    pipeline: pipeline.name,
    wasPaused: before !== null,
    engineRuns: await engineRuns(store, pipeline),
  };
}
