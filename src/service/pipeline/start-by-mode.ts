import type { PipelineParts } from './open-pipeline.ts';
import { runBySchedule } from './scheduled/run-by-schedule.ts';
import { type StartOptions, start } from './start.ts';

/** Keeps a live pipeline running, or runs another by its schedule, until the signal aborts. */
export function startByMode(
  parts: PipelineParts,
  { signal, standsBy }: Pick<StartOptions, 'signal' | 'standsBy'>,
): Promise<void> {
  const { mode, schedule } = parts.pipeline.settings;
  if (mode === 'live' || schedule === undefined) return start(parts, { signal, standsBy });
  return runBySchedule(parts, { schedule, signal });
}
