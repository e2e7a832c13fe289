import type { RequestResult } from '../../service/live-results.ts';

export function requestText({
  pipeline,
  id,
  kind,
  state,
  engineRuns,
  result,
}: RequestResult): readonly string[] {
  const head = `${pipeline}: ${kind} (request ${id})`;
  if (state === 'done') return [`${head}: done${result === null ? '' : `: ${JSON.stringify(result)}`}`];
  const when = engineRuns
    ? '`lockstep status` shows what becomes of it'
    : 'no engine runs: it happens at the next `lockstep start`';
  return [`${head}: ${state}; ${when}`];
}
