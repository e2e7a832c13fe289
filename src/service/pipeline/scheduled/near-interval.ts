import type { ScheduleClock } from '../../../engine/schedule/clock.ts';
import type { PipelineParts } from '../open-pipeline.ts';

const warnAtShare = 0.8;
/** Timers can't be longer than 24 days. */
const mostMs = 86_400_000;

/** Tells once when a run has taken most of the time until the next is due. Disposed of when the run ends. */
export function warnNearInterval(
  { pipeline, context }: PipelineParts,
  { clock, intervalMs }: { readonly clock: ScheduleClock; readonly intervalMs: number | null },
): Disposable {
  const over = new AbortController();
  const watch = async (limitMs: number): Promise<void> => {
    const beganAtMs = clock.now();
    const elapsed = () => clock.now() - beganAtMs;
    while (elapsed() < limitMs && !over.signal.aborted)
      await clock.sleep(Math.min(limitMs - elapsed(), mostMs), over.signal);
    if (over.signal.aborted || intervalMs === null) return;
    context.events.emit('run.near-interval', {
      pipeline: pipeline.name,
      elapsedMs: elapsed(),
      intervalMs,
    });
  };
  if (intervalMs !== null) void watch(intervalMs * warnAtShare);
  return { [Symbol.dispose]: () => over.abort() };
}
