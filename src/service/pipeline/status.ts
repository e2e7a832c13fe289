import { scheduleGaps } from '../../engine/schedule/gaps.ts';
import type { PipelineRequest } from '../../protocol/control-store.ts';
import type { LastRun, OpenRequest, RunEntry, StatusResult } from '../results.ts';
import { openAlerts } from './alerts.ts';
import { comparisonGaps } from './comparison-gaps.ts';
import { describeLive, describePasses } from './describe-status.ts';
import { ownerOf } from './engine-owner.ts';
import { waitingGuards } from './guards.ts';
import { incrementalStatus } from './incremental/status.ts';
import { countLetters } from './letter-counts.ts';
import { readLiveStatus } from './live-status.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { runHistory } from './runs/history.ts';
import { scheduleStatus } from './runs/schedule-status.ts';

/** For failures in a row, and for the last one that left both sides equal. */
const runsLookedAt = 50;
const runsShown = 10;

/** What the control store knows of the pipeline; neither side is asked. */
export async function status({ pipeline, context }: PipelineParts): Promise<StatusResult> {
  const store = await context.store();
  const { name } = pipeline;
  const { mode, schedule } = pipeline.settings;
  const nowMs = Date.now();
  const [owner, runs, guards, live, paused, requests, alerts, incremental] = await Promise.all([
    ownerOf(store, name),
    runHistory(store, name, mode === 'live' ? 1 : runsLookedAt),
    waitingGuards(store, name),
    readLiveStatus(store, name),
    store.requests.paused(name),
    store.requests.open(name),
    openAlerts({ pipeline, context }),
    incrementalStatus(store, pipeline),
  ]);
  const [last = null] = runs;
  const scheduled =
    mode === 'live' || schedule === undefined ? null : scheduleStatus(schedule, { runs, nowMs });
  const deadLetters = await countLetters(store, name, live?.collections.map((each) => each.name) ?? []);
  const letters = deadLetters.reduce((sum, { count }) => sum + count, 0);
  const waiting = guards.some(({ state }) => state === 'waiting');
  const situation = { pipeline: name, nowMs, last, owner, letters, waiting, live, paused, scheduled };
  return {
    pipeline: name,
    mode,
    source: pipeline.source.label,
    destination: pipeline.destination.label,
    ...(mode === 'live' ? describeLive(situation) : describePasses(situation)),
    owner: owner === null ? null : { name: owner.owner, expiresAtMs: owner.expiresAtMs },
    lastRun: last === null ? null : toLastRun(last),
    runs: mode === 'live' ? [] : runs.slice(0, runsShown),
    scheduled,
    deadLetters,
    guards,
    live,
    incremental,
    provenAtMs: provenAt({ live, incremental, runs }),
    schedule: schedule === undefined ? null : scheduleGaps(schedule, nowMs),
    comparisons: comparisonGaps(pipeline.settings, nowMs),
    paused,
    alerts: alerts.filter(({ state }) => state === 'firing'),
    requests: requests.flatMap(toOpenRequest),
  };
}

/** By a live pipeline's comparison, by that of an incremental one, by any run of others. */
function provenAt({
  live,
  incremental,
  runs,
}: Pick<StatusResult, 'live' | 'incremental' | 'runs'>): number | null {
  if (incremental !== null) return incremental.comparedAtMs;
  return live === null ? lastEqual(runs) : (live.comparison?.provenAtMs ?? null);
}

const lastEqual = (runs: readonly RunEntry[]): number | null =>
  runs.find(({ result }) => result === 'equal')?.startedAtMs ?? null;

const toLastRun = ({ kind, startedAtMs, endedAtMs, result }: LastRun): LastRun => ({
  kind,
  startedAtMs,
  endedAtMs,
  result,
});

const toOpenRequest = ({ id, kind, state, askedAtMs }: PipelineRequest): readonly OpenRequest[] =>
  state === 'waiting' || state === 'running' ? [{ id, kind, state, askedAtMs }] : [];
