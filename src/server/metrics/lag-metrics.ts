import { Gauge, type Registry } from 'prom-client';
import type { Retained } from '../../protocol/feed.ts';
import type { Lag } from '../../protocol/status.ts';
import type { Lockstep } from '../../service/lockstep.ts';

/** How far behind, and what the source keeps because of us. What is not known has no sample: a zero would look like news. */
export function addLagMetrics(
  registry: Registry,
  events: Lockstep['events'],
  pipelines: readonly string[],
): () => void {
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['pipeline'], registers: [registry] });
  const lag = gauge(
    'lockstep_lag_seconds',
    'How far the destination is behind the source; absent when unknown.',
  );
  const lagKnown = gauge('lockstep_lag_known', '1 when the lag is known.');
  const bytes = gauge('lockstep_retained_bytes', 'What the source keeps for us; absent when unknown.');
  const limit = gauge('lockstep_retained_limit_bytes', 'How much it keeps at most; absent without a limit.');
  const waiting = gauge('lockstep_waiting_for', 'Transactions at the source that hold the stream back.');
  for (const pipeline of pipelines) lagKnown.set({ pipeline }, 0);
  return events.on('lag', (event) => {
    const { pipeline } = event;
    const retained: Retained | null = event.retained;
    const seconds = secondsOf(event.lag);
    lagKnown.set({ pipeline }, seconds === null ? 0 : 1);
    setOrRemove(lag, pipeline, seconds);
    setOrRemove(bytes, pipeline, retained?.bytes ?? null);
    setOrRemove(limit, pipeline, retained?.limitBytes ?? null);
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

function setOrRemove(gauge: Gauge<string>, pipeline: string, value: number | null): void {
  if (value === null) gauge.remove({ pipeline });
  else gauge.set({ pipeline }, value);
}
