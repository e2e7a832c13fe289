import { Gauge, type Registry } from 'prom-client';
import type { StatusResult } from '../../service/results.ts';

/** What the control store knows, read when the metrics are asked for; null: it can't be read. */
export function addStatusMetrics(registry: Registry): (results: readonly StatusResult[] | null) => void {
  const gauge = (name: string, help: string, more: readonly string[]) =>
    new Gauge({ name, help, labelNames: ['pipeline', ...more], registers: [registry] });
  const status = gauge('lockstep_status', '1 for the status that the pipeline has.', ['status']);
  const letters = gauge('lockstep_dead_letters', 'Keys that are set aside.', ['collection', 'state']);
  const held = gauge('lockstep_held_rows', 'Rows that would leave and wait for approval.', ['collection']);
  const requests = gauge('lockstep_requests', 'Requests that have not ended.', ['state']);
  const readable = new Gauge({
    name: 'lockstep_control_store_readable',
    help: '0 when the control store could not be read: then what it knows has no samples.',
    registers: [registry],
  });
  return (results) => {
    for (const each of [status, letters, held, requests]) each.reset();
    readable.set(results === null ? 0 : 1);
    for (const result of results ?? []) {
      const { pipeline } = result;
      status.set({ pipeline, status: result.status }, 1);
      for (const { collection, count, deferred } of result.deadLetters) {
        letters.set({ pipeline, collection, state: 'parked' }, count);
        letters.set({ pipeline, collection, state: 'deferred' }, deferred);
      }
      for (const { collection, leaving, state } of result.guards)
        if (state === 'waiting') held.set({ pipeline, collection }, leaving);
      for (const { state } of result.requests) requests.inc({ pipeline, state });
    }
  };
}
