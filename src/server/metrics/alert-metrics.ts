import type { Lockstep } from '../../service/lockstep.ts';
import type { AlertsResult } from '../../service/results.ts';
import type { Register } from './register.ts';

/** What fires, as the control store has it; null: it can't be read. */
export function addAlertMetrics({ gauge }: Register): (results: readonly AlertsResult[] | null) => void {
  const open = gauge('lockstep_alerts');
  const waiting = gauge('lockstep_alert_messages_waiting');
  return (results) => {
    for (const each of [open, waiting]) each.reset();
    for (const { pipeline, alerts, waiting: queues } of results ?? []) {
      for (const { alert, severity, state } of alerts) open.set({ pipeline, alert, severity, state }, 1);
      for (const { target, messages } of queues) waiting.set({ pipeline, target }, messages);
    }
  };
}

export function addDeliveryMetrics({ counter }: Register, events: Lockstep['events']): () => void {
  const deliveries = counter('lockstep_alert_deliveries_total');
  const ends = [
    events.on('alert.delivered', ({ target }) => deliveries.inc({ target, result: 'delivered' })),
    events.on('alert.undelivered', ({ target, delayMs }) =>
      deliveries.inc({ target, result: delayMs === null ? 'refused' : 'failed' }),
    ),
  ];
  return () => {
    for (const end of ends) end();
  };
}
