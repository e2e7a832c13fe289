import type { PipelineStatus } from '../../protocol/status.ts';
import { openAlertSchema } from './alerts-schema.ts';
import { list, number, object, one, orNull, retained, type Schema, text } from './schemas.ts';

/** The compiler knows when one is missing: the server has no words of its own. */
const statuses: Readonly<Record<PipelineStatus, true>> = {
  starting: true,
  copying: true,
  live: true,
  idle: true,
  standby: true,
  healing: true,
  paused: true,
  degraded: true,
  failed: true,
  stopped: true,
};
const statusWord = one(...Object.keys(statuses));

const lag: Schema = {
  oneOf: [
    object({ kind: { const: 'inStep' } }),
    object({ kind: { const: 'behind' }, milliseconds: number }),
    object({ kind: { const: 'unknown' }, atLeastMs: number }),
  ],
};

const comparison = object({
  watchedSinceMs: number,
  provenAtMs: orNull(number),
  last: orNull(object({ startedAtMs: number, endedAtMs: number, drifted: number })),
  underWaySinceMs: orNull(number),
});

const live = object({
  status: statusWord,
  reason: text,
  nextStep: text,
  sinceMs: number,
  lag: orNull(lag),
  collections: list(object({ name: text, status: text, reason: text })),
  rates: object({ changesPerSecond: number }),
  retained: orNull(retained),
  forgetsInMs: orNull(number),
  away: list(object({ side: one('source', 'destination'), sinceMs: number, reason: text })),
  comparison: orNull(comparison),
  ready: { type: 'boolean' },
  positionAtMs: orNull(number),
  savedAtMs: number,
});

const incremental = object({
  cursors: list(
    object({
      collection: text,
      at: text,
      waitsFor: orNull(text),
      savedAtMs: number,
      comparedAtMs: number,
    }),
  ),
  comparedAtMs: orNull(number),
  nextComparisonAtMs: orNull(number),
});

const runCounts = object({
  copied: number,
  inserted: number,
  updated: number,
  left: number,
  clashes: number,
  deadLetters: number,
  held: number,
});

const runSchema = object({
  id: number,
  kind: one('run', 'verify', 'repair', 'live'),
  startedAtMs: number,
  endedAtMs: orNull(number),
  result: one('running', 'equal', 'pending', 'differences', 'failed', 'interrupted'),
  reason: one('asked', 'scheduled', 'followed'),
  dueAtMs: orNull(number),
  counts: orNull(runCounts),
  failure: orNull(object({ code: text, message: text })),
  extent: orNull(one('all', 'since')),
});

/** `RunsResult` as JSON Schema. */
export const runsSchema: Schema = object({ pipeline: text, runs: list(runSchema) });

/** `StatusResult` as JSON Schema; times are milliseconds since 1970. A test holds it against a real answer. */
export const statusSchema: Schema = object({
  pipeline: text,
  mode: one('full', 'incremental', 'live'),
  source: text,
  destination: text,
  status: statusWord,
  reason: text,
  sinceMs: orNull(number),
  nextStep: text,
  owner: orNull(object({ name: text, expiresAtMs: number })),
  lastRun: orNull(object({ kind: text, startedAtMs: number, endedAtMs: orNull(number), result: text })),
  runs: list(runSchema),
  scheduled: orNull(object({ text, nextAtMs: orNull(number), failuresInARow: number })),
  deadLetters: list(object({ collection: text, count: number, deferred: number })),
  guards: list(
    object({
      collection: text,
      leaving: number,
      total: number,
      samples: list(text),
      state: one('waiting', 'approved'),
      raisedAtMs: number,
    }),
  ),
  live: orNull(live),
  incremental: orNull(incremental),
  provenAtMs: orNull(number),
  schedule: orNull(object({ shortestMs: number, longestMs: number })),
  comparisons: orNull(object({ shortestMs: number, longestMs: number })),
  paused: orNull(object({ sinceMs: number, reason: text })),
  alerts: list(openAlertSchema),
  requests: list(object({ id: number, kind: text, state: one('waiting', 'running'), askedAtMs: number })),
});
