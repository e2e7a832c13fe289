import type { HealthWatch } from '../../service/health.ts';
import type { Lockstep } from '../../service/lockstep.ts';
import type { Register } from './register.ts';

type Events = Lockstep['events'];

/** What went wrong, and what was done about it. */
export function addTroubleMetrics(
  register: Register,
  events: Events,
  { pipelines, health }: { readonly pipelines: readonly string[]; readonly health: HealthWatch },
): () => void {
  const { counter } = register;
  const retries = counter('lockstep_retries_total');
  const failures = counter('lockstep_failures_total');
  const gaps = counter('lockstep_gaps_total');
  const healed = counter('lockstep_healed_rows_total');
  const barriers = counter('lockstep_barriers_total');
  const put = counter('lockstep_dead_letters_put_total');
  const resolved = counter('lockstep_dead_letters_resolved_total');
  register.gauge('lockstep_consecutive_failures', (gauge) => {
    for (const pipeline of pipelines) gauge.set({ pipeline }, health.of(pipeline)?.failuresInARow ?? 0);
  });
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
    addBreaker(register, events, pipelines),
    addPace(register, events, pipelines),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function addPace({ gauge }: Register, events: Events, pipelines: readonly string[]): () => void {
  const pace = gauge('lockstep_pace_share');
  for (const pipeline of pipelines) pace.set({ pipeline }, 1);
  return events.on('throttle', ({ pipeline, share }) => pace.set({ pipeline }, share));
}

function addBreaker({ gauge }: Register, events: Events, pipelines: readonly string[]): () => void {
  const breaker = gauge('lockstep_breaker_open');
  for (const pipeline of pipelines) breaker.set({ pipeline }, 0);
  const ends = [
    events.on('breaker.opened', ({ pipeline }) => breaker.set({ pipeline }, 1)),
    events.on('breaker.closed', ({ pipeline }) => breaker.set({ pipeline }, 0)),
  ];
  return () => {
    for (const end of ends) end();
  };
}
