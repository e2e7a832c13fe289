import type { LastRun, LetterCount, OpenRequest, StatusResult } from '../../service/results.ts';
import { alertLines } from './alerts.ts';
import { liveFigures, liveLines } from './live.ts';
import { count, duration, time } from './numbers.ts';
import { guardText } from './run.ts';

export function statusText(status: StatusResult, nowMs: number): readonly string[] {
  const since = status.sinceMs === null ? '' : ` since ${time(status.sinceMs)}`;
  const { live, paused } = status;
  return [
    `${status.pipeline}: ${status.status}${since}: ${status.reason}`,
    `  ${status.source} → ${status.destination}`,
    ...(status.owner === null ? [] : [`  run by ${status.owner.name}`]),
    ...(live === null ? [] : [`  ${liveFigures(live, nowMs).join(', ')}`, ...liveLines(live)]),
    ...(status.lastRun === null ? [] : [`  ${lastRunText(status.lastRun)}`]),
    ...(paused === null
      ? []
      : [`  paused since ${time(paused.sinceMs)}${paused.reason === '' ? '' : `: ${paused.reason}`}`]),
    ...status.deadLetters.map(lettersText),
    ...status.guards.map((guard) => guardText(status.pipeline, guard)),
    ...status.alerts.flatMap(alertLines),
    ...status.requests.map((request) => requestLine(request, nowMs)),
    `  next: ${status.nextStep}`,
  ];
}

const lettersText = ({ collection, count: parked, deferred }: LetterCount): string =>
  `  ${collection}: dead letters ${count(parked)}${deferred === 0 ? '' : `, and ${count(deferred)} that another key may still cure`}`;

const requestLine = ({ id, kind, state, askedAtMs }: OpenRequest, nowMs: number): string =>
  `  request ${id}: ${kind}, ${state}, asked ${duration(Math.max(0, nowMs - askedAtMs) / 1000)} ago`;

function lastRunText(run: LastRun): string {
  const took = run.endedAtMs === null ? '' : `, took ${duration((run.endedAtMs - run.startedAtMs) / 1000)}`;
  return `last ${run.kind}: ${run.result}, started ${time(run.startedAtMs)}${took}`;
}
