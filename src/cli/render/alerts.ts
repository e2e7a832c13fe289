import type { AlertsResult, OpenAlert, TestedTarget } from '../../service/results.ts';
import { counted, time } from './numbers.ts';

export function alertsText({ pipeline, alerts, waiting }: AlertsResult): readonly string[] {
  const queues = waiting.map(
    ({ target, messages, sinceMs }) =>
      `  ${target} has not taken ${counted(messages, 'message')}, the first of ${time(sinceMs)}`,
  );
  if (alerts.length === 0) return [`${pipeline}: no alerts`, ...queues];
  return [`${pipeline}:`, ...alerts.flatMap(alertLines), ...queues];
}

export const alertLines = ({
  alert,
  state,
  severity,
  sinceMs,
  text,
  nextStep,
  runbook,
}: OpenAlert): readonly string[] => [
  `  ${state === 'pending' ? 'about to fire' : severity}: ${alert} since ${time(sinceMs)}: ${text}`,
  `    next: ${nextStep}; ${runbook}`,
];

export const testedText = ({ target, kind, delivered, detail }: TestedTarget): string =>
  `${target} (${kind}): ${delivered ? 'delivered' : `not delivered: ${detail}`}`;
