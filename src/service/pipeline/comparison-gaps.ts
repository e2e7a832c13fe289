import { type Gaps, gapsOf, scheduleGaps } from '../../engine/schedule/gaps.ts';
import { faultOfSchedule, type Moments, momentsOf } from '../../engine/schedule/moments.ts';
import type { PipelineSettings } from '../../protocol/configuration.ts';
import { comparisonMoments } from './incremental/comparing.ts';

/**
 * How long it may take from one scheduled comparison of both sides to the next. Every scheduled run compares, but of an incremental pipeline
 * only the first one after each moment of `comparison`. Null: none is scheduled.
 */
export function comparisonGaps(settings: PipelineSettings, fromMs: number): Gaps | null {
  const { mode, schedule } = settings;
  if (schedule === undefined) return null;
  if (mode !== 'incremental') return scheduleGaps(schedule, fromMs);
  const comparisons = comparisonMoments(settings);
  if (comparisons === null || faultOfSchedule(schedule) !== null) return null;
  return gapsOf(comparingRuns(momentsOf(schedule), comparisons), fromMs);
}

/** The first run at or after each moment of comparison. */
const comparingRuns = (runs: Moments, comparisons: Moments): Pick<Moments, 'after'> => ({
  after: (ms) => {
    const due = comparisons.after(ms);
    return due === null ? null : runs.after(due - 1);
  },
});
