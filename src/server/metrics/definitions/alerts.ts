import { defineMetrics } from './definition.ts';

/** What Lockstep itself found worth telling, and whether it was told. */
export const alertMetrics = defineMetrics({
  lockstep_alerts: {
    type: 'gauge',
    labels: ['pipeline', 'alert', 'severity', 'state'],
    unit: '1',
    help: '1 for each alert that is pending or firing.',
    bad: 'Any that fires: its runbook says what to do.',
  },
  lockstep_alert_messages_waiting: {
    type: 'gauge',
    labels: ['pipeline', 'target'],
    unit: 'messages',
    help: 'Messages that a target has not taken yet.',
    bad: 'Above 0 for long: the target is away, and nobody is told.',
  },
  lockstep_alert_deliveries_total: {
    type: 'counter',
    labels: ['target', 'result'],
    unit: 'attempts',
    help: 'Attempts to tell a target: delivered, failed (and made again) or refused (and dropped).',
    bad: 'Any `refused`; `failed` that go on.',
  },
});
