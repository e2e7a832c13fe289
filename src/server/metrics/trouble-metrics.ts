import { Counter, Gauge, type Registry } from 'prom-client';
import type { Lockstep } from '../../service/lockstep.ts';

/** What went wrong, and what was done about it. */
export function addTroubleMetrics(
  registry: Registry,
  events: Lockstep['events'],
  pipelines: readonly string[],
): () => void {
  const counter = (name: string, help: string, more: readonly string[] = []) =>
    new Counter({ name, help, labelNames: ['pipeline', ...more], registers: [registry] });
  const retries = counter('lockstep_retries_total', 'Attempts that failed and were made again.', ['code']);
  const failures = counter('lockstep_failures_total', 'Failures that were not tried again at once.', [
    'code',
  ]);
  const gaps = counter('lockstep_gaps_total', 'Times that history was missing at the source.');
  const healed = counter('lockstep_healed_rows_total', 'Rows that healing wrote.');
  const barriers = counter('lockstep_barriers_total', 'Truncates, drops, renames and changes of shape.', [
    'kind',
  ]);
  const put = counter('lockstep_dead_letters_put_total', 'Times that a key was set aside.', ['collection']);
  const resolved = counter('lockstep_dead_letters_resolved_total', 'Letters that were resolved.', [
    'collection',
  ]);
  const ends = [
    events.on('retry', ({ pipeline, code }) => retries.inc({ pipeline, code })),
    events.on('failed', ({ pipeline, code }) => failures.inc({ pipeline, code })),
    events.on('gap', ({ pipeline }) => gaps.inc({ pipeline })),
    events.on('healed', ({ pipeline, written }) => healed.inc({ pipeline }, written)),
    events.on('barrier', ({ pipeline, event }) => barriers.inc({ pipeline, kind: event.kind })),
    events.on('dead-letter.put', ({ pipeline, collection }) => put.inc({ pipeline, collection })),
    events.on('dead-letter.resolved', ({ pipeline, collection, count }) =>
      resolved.inc({ pipeline, collection }, count),
    ),
    addBreaker(registry, events, pipelines),
    addPace(registry, events, pipelines),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function addPace(registry: Registry, events: Lockstep['events'], pipelines: readonly string[]): () => void {
  const name = 'lockstep_pace_share';
  const help = 'The share of the time in which we work; below 1 while the destination is busy.';
  const pace = new Gauge({ name, help, labelNames: ['pipeline'], registers: [registry] });
  for (const pipeline of pipelines) pace.set({ pipeline }, 1);
  return events.on('throttle', ({ pipeline, share }) => pace.set({ pipeline }, share));
}

function addBreaker(
  registry: Registry,
  events: Lockstep['events'],
  pipelines: readonly string[],
): () => void {
  const name = 'lockstep_breaker_open';
  const help = '1 while nothing is tried because one side failed again and again.';
  const breaker = new Gauge({ name, help, labelNames: ['pipeline'], registers: [registry] });
  for (const pipeline of pipelines) breaker.set({ pipeline }, 0);
  const ends = [
    events.on('breaker.opened', ({ pipeline }) => breaker.set({ pipeline }, 1)),
    events.on('breaker.closed', ({ pipeline }) => breaker.set({ pipeline }, 0)),
  ];
  return () => {
    for (const end of ends) end();
  };
}
