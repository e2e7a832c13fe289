import { alertRules, runbookOf } from '../../engine/alerts/rules.ts';
import { settingsOf } from '../../engine/alerts/settings.ts';
import type { AlertState } from '../../engine/alerts/state.ts';
import { type AlertName, type AlertSeverity, alertNames } from '../../protocol/alerts.ts';
import { readOutbox, readStates } from '../alerts/alert-memory.ts';
import type { AlertsResult, OpenAlert } from '../results.ts';
import type { PipelineParts } from './open-pipeline.ts';

/** What the control store knows of a pipeline's alerts, whoever tells them. What has been good for long enough is over, though nobody watched. */
export async function openAlerts({ pipeline, context }: PipelineParts): Promise<readonly OpenAlert[]> {
  const { name, settings } = pipeline;
  const states = await readStates(await context.store(), name);
  const rules = settingsOf([context.alerts.rules, settings.alerts.rules]);
  return alertNames.flatMap((alert) => {
    const state = states.get(alert);
    const { severity } = rules.get(alert) ?? alertRules[alert];
    return state === undefined || isOver(state, context.alerts.settleMs)
      ? []
      : [toOpen(alert, { pipeline: name, state, severity })];
  });
}

const isOver = (state: AlertState, settleMs: number): boolean =>
  state.kind === 'settling' && Date.now() - state.goodSinceMs >= settleMs;

function toOpen(
  alert: AlertName,
  {
    pipeline,
    state,
    severity,
  }: { readonly pipeline: string; readonly state: AlertState; readonly severity: AlertSeverity },
): OpenAlert {
  const { sinceMs, text } = state;
  const nextStep = alertRules[alert].nextStep(pipeline);
  const common = { alert, severity, sinceMs, text, nextStep, runbook: runbookOf(alert) };
  return state.kind === 'pending'
    ? { ...common, state: 'pending', firedAtMs: null }
    : { ...common, state: 'firing', firedAtMs: state.firedAtMs };
}

export async function listAlerts(parts: PipelineParts): Promise<AlertsResult> {
  const { pipeline, context } = parts;
  const store = await context.store();
  const waiting: AlertsResult['waiting'][number][] = [];
  for (const target of context.alerts.targets.keys()) {
    const messages = await readOutbox(store, pipeline.name, target);
    const [first] = messages;
    if (first !== undefined) waiting.push({ target, messages: messages.length, sinceMs: first.message.atMs });
  }
  return { pipeline: pipeline.name, alerts: await openAlerts(parts), waiting };
}
