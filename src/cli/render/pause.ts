import type { PauseResult, ResumeResult } from '../../service/live-results.ts';
import { count, duration, time } from './numbers.ts';

export function pauseText(result: PauseResult): readonly string[] {
  const { pipeline, sinceMs, reason, wasPaused, engineRuns, retained } = result;
  const since = wasPaused ? ` (was so already, since ${time(sinceMs)})` : '';
  const effect = engineRuns
    ? 'the running engine stops within a second'
    : 'no engine runs; the next one waits';
  return [
    `${pipeline}: paused${reason === '' ? '' : `: ${reason}`}${since}; ${effect}`,
    ...(retained === null ? [] : [`  the source keeps meanwhile: ${retainedText(retained)}`]),
    `  next: lockstep resume ${pipeline}`,
  ];
}

function retainedText({ bytes, limitBytes, reachesBackMs }: NonNullable<PauseResult['retained']>): string {
  if (reachesBackMs !== null)
    return `what its log holds, now the last ${duration(reachesBackMs / 1000)}; what is older when it goes on is a gap, and compared`;
  const now =
    bytes === null
      ? 'what changes, how much is unknown'
      : `${count(bytes / 1_048_576)} MB now, and what changes`;
  return limitBytes === null ? now : `${now}, until ${count(limitBytes / 1_048_576)} MB`;
}

export function resumeText({ pipeline, wasPaused, engineRuns }: ResumeResult): readonly string[] {
  if (!wasPaused) return [`${pipeline}: it was not paused`];
  return [
    `${pipeline}: ${engineRuns ? 'goes on' : 'no longer paused; no engine runs it'}`,
    ...(engineRuns ? [] : ['  next: lockstep start']),
  ];
}
