import { type Moments, momentsOf } from '../../../engine/schedule/moments.ts';
import { defaultComparison, type PipelineSettings } from '../../../protocol/configuration.ts';

/** When an incremental pipeline compares everything; null: only when it is asked to. */
export function comparisonMoments({ comparison = defaultComparison }: PipelineSettings): Moments | null {
  return comparison === 'off' ? null : momentsOf(comparison);
}
