import type { AlertName } from '../../protocol/alerts.ts';
import type { AlertRule } from './rule.ts';
import { lag, sourceForgets, stalled } from './rules/moving.ts';
import { deadLetters, drift, guardWaiting, nearInterval, unproven } from './rules/rows.ts';
import { disconnected, errorRate, failed, failing } from './rules/running.ts';

/** Causes before what they cover. */
export const alertRules: Readonly<Record<AlertName, AlertRule>> = {
  failed,
  disconnected,
  failing,
  stalled,
  lag,
  errorRate,
  deadLetters,
  guardWaiting,
  sourceForgets,
  drift,
  nearInterval,
  unproven,
};

/** Where somebody who got an alert finds out what to do: a heading of that page, in small letters as anchors are. */
export const runbookOf = (name: AlertName): string => `docs/operations/alerts.md#${name.toLowerCase()}`;
