import { type Finding, finding } from '../../../protocol/finding.ts';
import type { ResolvedPipeline } from '../../config/resolved-config.ts';
import { comparisonMoments } from './comparing.ts';

/** What an incremental pipeline leaves to its comparisons. */
export function promisesOf({ settings }: ResolvedPipeline): readonly Finding[] {
  if (settings.mode !== 'incremental') return [];
  const moments = comparisonMoments(settings);
  const subject = 'source';
  return moments === null
    ? [finding({ level: 'warning', subject }, 'incremental-never-compares', {})]
    : [finding({ level: 'info', subject }, 'incremental-leaves-deletes', { schedule: moments.text })];
}
