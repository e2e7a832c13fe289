import { list, number, object, one, orNull, type Schema, text } from './schemas.ts';

/** `OpenAlert` as JSON Schema. */
export const openAlertSchema: Schema = object({
  alert: text,
  state: one('pending', 'firing'),
  severity: one('warning', 'critical'),
  sinceMs: number,
  firedAtMs: orNull(number),
  text,
  nextStep: text,
  runbook: text,
});

/** A list of `AlertsResult`. */
export const alertsSchema: Schema = object({
  pipelines: list(
    object({
      pipeline: text,
      alerts: list(openAlertSchema),
      waiting: list(object({ target: text, messages: number, sinceMs: number })),
    }),
  ),
});

/** A list of `TestedTarget`. */
export const testedSchema: Schema = object({
  targets: list(
    object({
      target: text,
      kind: one('email', 'slack', 'webhook'),
      delivered: { type: 'boolean' },
      detail: text,
    }),
  ),
});
