import { z } from 'zod';

/** What a pipeline is watched for; one word each, the same in configuration, status, API, metrics and the runbook. */
export const alertNames = [
  'failed',
  'disconnected',
  'failing',
  'stalled',
  'lag',
  'errorRate',
  'deadLetters',
  'guardWaiting',
  'sourceForgets',
  'drift',
  'nearInterval',
  'unproven',
] as const;
export type AlertName = (typeof alertNames)[number];

export const alertSeverities = ['warning', 'critical'] as const;
export type AlertSeverity = (typeof alertSeverities)[number];

const seconds = z.number().min(0).max(31_536_000);

const ruleSchema = z.union([
  z.boolean(),
  z.strictObject({
    /** Above it (`sourceForgets`: below it) the alert is due; its unit is the rule's. */
    threshold: z.number().min(0).optional(),
    /** It must hold for so long before it is told. */
    forSeconds: seconds.optional(),
    severity: z.enum(alertSeverities).optional(),
  }),
]);
export type AlertRuleConfig = z.output<typeof ruleSchema>;

/** By name: `false` turns a rule off, an object changes it. */
export const alertRulesSchema = z.strictObject({
  failed: ruleSchema.optional(),
  disconnected: ruleSchema.optional(),
  failing: ruleSchema.optional(),
  stalled: ruleSchema.optional(),
  lag: ruleSchema.optional(),
  errorRate: ruleSchema.optional(),
  deadLetters: ruleSchema.optional(),
  guardWaiting: ruleSchema.optional(),
  sourceForgets: ruleSchema.optional(),
  drift: ruleSchema.optional(),
  nearInterval: ruleSchema.optional(),
  unproven: ruleSchema.optional(),
} satisfies Record<AlertName, z.ZodType>);
export type AlertRulesConfig = z.output<typeof alertRulesSchema>;

/** What a pipeline says about its own alerts. */
export const pipelineAlertsSchema = z.strictObject({
  /** On top of those of the whole configuration. */
  rules: alertRulesSchema.prefault({}),
  /** Names of targets; default: all. */
  targets: z.array(z.string().min(1)).optional(),
});
export type PipelineAlertsConfig = z.output<typeof pipelineAlertsSchema>;

/** That an alert began or is over. */
export interface AlertMessage {
  /** The same whenever it is delivered: who gets it twice, after a crash, can tell. */
  readonly id: string;
  readonly pipeline: string;
  readonly alert: AlertName | 'test';
  readonly state: 'firing' | 'resolved' | 'test';
  readonly severity: AlertSeverity;
  readonly text: string;
  readonly nextStep: string;
  readonly runbook: string;
  readonly atMs: number;
  /** Since when it holds, or held. */
  readonly sinceMs: number;
  /** Messages before this one that were dropped, as the target was away for too long. */
  readonly missed: number;
}
