import type { Gauge } from 'prom-client';
import type { Retained } from '../../protocol/feed.ts';
import type { Lag } from '../../protocol/status.ts';
import type { Lockstep } from '../../service/lockstep.ts';
import type { Register } from './register.ts';

/** How far behind, and what the source keeps because of us. What is not known has no sample: a zero would look like news. */
export function addLagMetrics(
  { gauge }: Register,
  events: Lockstep['events'],
  pipelines: readonly string[],
): () => void {
  const lag = gauge('lockstep_lag_seconds');
  const lagKnown = gauge('lockstep_lag_known');
  const bytes = gauge('lockstep_retained_bytes');
  const limit = gauge('lockstep_retained_limit_bytes');
  const forgets = gauge('lockstep_source_forgets_seconds');
  const waiting = gauge('lockstep_waiting_for');
  for (const pipeline of pipelines) lagKnown.set({ pipeline }, 0);
  return events.on('lag', (event) => {
    const { pipeline } = event;
    const retained: Retained | null = event.retained;
    const seconds = secondsOf(event.lag);
    lagKnown.set({ pipeline }, seconds === null ? 0 : 1);
    setOrRemove(lag, pipeline, seconds);
    setOrRemove(bytes, pipeline, retained?.bytes ?? null);
    setOrRemove(limit, pipeline, retained?.limitBytes ?? null);
    setOrRemove(forgets, pipeline, event.forgetsInMs === null ? null : event.forgetsInMs / 1000);
    setOrRemove(waiting, pipeline, retained?.waitingFor.length ?? null);
  });
}

function secondsOf(lag: Lag): number | null {
  switch (lag.kind) {
    case 'inStep':
      return 0;
    case 'behind':
      return lag.milliseconds / 1000;
    case 'unknown':
      return null;
  }
}

function setOrRemove(gauge: Gauge, pipeline: string, value: number | null): void {
  if (value === null) gauge.remove({ pipeline });
  else gauge.set({ pipeline }, value);
}
