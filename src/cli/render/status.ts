import type { LastRun, StatusResult } from '../../service/results.ts';
import { count, duration, time } from './numbers.ts';
import { guardText } from './run.ts';

export function statusText(status: StatusResult): readonly string[] {
  const since = status.sinceMs === null ? '' : ` since ${time(status.sinceMs)}`;
  return [
    `${status.pipeline}: ${status.status}${since}: ${status.reason}`,
    `  ${status.source} → ${status.destination}`,
    ...(status.owner === null ? [] : [`  run by ${status.owner.name}`]),
    ...(status.lastRun === null ? [] : [`  ${lastRunText(status.lastRun)}`]),
    ...status.deadLetters.map((letters) => `  ${letters.collection}: dead letters ${count(letters.count)}`),
    ...status.guards.map((guard) => guardText(status.pipeline, guard)),
    `  next: ${status.nextStep}`,
  ];
}

function lastRunText(run: LastRun): string {
  const took = run.endedAtMs === null ? '' : `, took ${duration((run.endedAtMs - run.startedAtMs) / 1000)}`;
  return `last ${run.kind}: ${run.result}, started ${time(run.startedAtMs)}${took}`;
}
