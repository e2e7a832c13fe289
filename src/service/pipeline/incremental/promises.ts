import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Finding } from '../../../protocol/finding.ts';
import type { ResolvedPipeline } from '../../config/resolved-config.ts';
import { comparisonMoments } from './comparing.ts';

/** What an incremental pipeline leaves to its comparisons. */
export function promisesOf({ settings }: ResolvedPipeline): readonly Finding[] {
  if (settings.mode !== 'incremental') return [];
  const moments = comparisonMoments(settings);
  const { code, message, cure } =
    moments === null
      ? new LockstepError('incremental-never-compares', {})
      : new LockstepError('incremental-leaves-deletes', { schedule: moments.text });
  return [{ level: moments === null ? 'warning' : 'info', code, subject: 'source', message, cure }];
}
