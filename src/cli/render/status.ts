import type {
  LastRun,
  LetterCount,
  OpenRequest,
  RunEntry,
  ScheduleStatus,
  StatusResult,
} from '../../service/results.ts';
import { alertLines } from './alerts.ts';
import { incrementalText } from './incremental.ts';
import { liveFigures, liveLines } from './live.ts';
import { count, counted, duration, time } from './numbers.ts';
import { guardText } from './run.ts';

/** `--json` has more, and the API all. */
const runsShown = 5;

export function statusText(status: StatusResult, nowMs: number): readonly string[] {
  const since = status.sinceMs === null ? '' : ` since ${time(status.sinceMs)}`;
  const { live, incremental, paused } = status;
  return [
    `${status.pipeline}: ${status.status}${since}: ${status.reason}`,
    `  ${status.source} → ${status.destination}`,
    ...(status.owner === null ? [] : [`  run by ${status.owner.name}`]),
    ...(live === null ? [] : [`  ${liveFigures(live, nowMs).join(', ')}`, ...liveLines(live)]),
    ...(incremental === null ? [] : incrementalText(incremental)),
    ...(status.scheduled === null ? [] : [`  ${scheduleText(status.scheduled)}`]),
    ...(status.runs.length === 0 && status.lastRun !== null ? [`  ${lastRunText(status.lastRun)}`] : []),
    ...status.runs.slice(0, runsShown).map((run) => `  ${runText(run)}`),
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

function scheduleText({ text, nextAtMs, failuresInARow }: ScheduleStatus): string {
  const next = nextAtMs === null ? 'never again' : time(nextAtMs);
  const failures = failuresInARow === 0 ? '' : `; ${counted(failuresInARow, 'failure')} in a row`;
  return `schedule ${text}: due ${next}${failures}`;
}

function runText(run: RunEntry): string {
  const { reason, counts, failure, extent } = run;
  const rows =
    counts === null
      ? []
      : ([
          [counts.copied + counts.inserted, 'inserted'],
          [counts.updated, 'updated'],
          [counts.left, 'left'],
          [counts.deadLetters, 'set aside'],
          [counts.held, 'held'],
        ] as const);
  const told = rows
    .filter(([rowCount]) => rowCount > 0)
    .map(([rowCount, verb]) => `${count(rowCount)} ${verb}`);
  const why = failure === null ? '' : `: ${failure.code}: ${failure.message}`;
  const compared = extent === 'all' ? ['compared as a whole'] : [];
  return `${[lastRunText(run), reason, ...compared, ...told].join(', ')}${why}`;
}

function lastRunText(run: LastRun): string {
  const took = run.endedAtMs === null ? '' : `, took ${duration((run.endedAtMs - run.startedAtMs) / 1000)}`;
  return `${run.kind}: ${run.result}, started ${time(run.startedAtMs)}${took}`;
}
