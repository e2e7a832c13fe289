import type { AlertMessage, AlertName, AlertSeverity } from '../../protocol/alerts.ts';
import { alertNames } from '../../protocol/alerts.ts';
import type { AlertFacts } from './facts.ts';
import { alertRules, runbookOf } from './rules.ts';
import type { RuleSettings } from './settings.ts';
import { type AlertState, nextStep } from './state.ts';

export type AlertStates = ReadonlyMap<AlertName, AlertState>;

export interface EvaluateOptions {
  /** A rule that is not in it is turned off. */
  readonly settings: ReadonlyMap<AlertName, RuleSettings>;
  readonly settleMs: number;
}

export interface Evaluation {
  readonly states: AlertStates;
  /** Those that are not as they were. */
  readonly changed: readonly AlertName[];
  readonly told: readonly AlertMessage[];
}

/** Judges all rules for one pipeline. Pure: the same facts and states give the same answer. */
export function evaluate(before: AlertStates, facts: AlertFacts, options: EvaluateOptions): Evaluation {
  const states = new Map(before);
  const changed: AlertName[] = [];
  const told: AlertMessage[] = [];
  for (const name of alertNames) {
    const known = before.get(name) ?? null;
    const { state, message } = stepOf(name, { known, states, facts, options });
    if (state === null) states.delete(name);
    else states.set(name, state);
    if (JSON.stringify(state) !== JSON.stringify(known)) changed.push(name);
    if (message !== null) told.push(message);
  }
  return { states, changed, told };
}

interface Look {
  readonly known: AlertState | null;
  /** Of those that were judged before this one: causes stand before what they cover. */
  readonly states: AlertStates;
  readonly facts: AlertFacts;
  readonly options: EvaluateOptions;
}

function stepOf(
  name: AlertName,
  { known, states, facts, options }: Look,
): { readonly state: AlertState | null; readonly message: AlertMessage | null } {
  const rule = alertRules[name];
  const settings = options.settings.get(name);
  if (settings === undefined) return turnedOff(name, known, facts);
  const { forMs, threshold, severity } = settings;
  const isCovered = rule.coveredBy.some((cause) => isFiring(states.get(cause)));
  const judged = rule.judge(facts, threshold);
  const judgement = isCovered && judged?.kind === 'bad' && !isFiring(known ?? undefined) ? null : judged;
  const { nowMs } = facts;
  const { state, told } = nextStep(known, judgement, { nowMs, forMs, settleMs: options.settleMs });
  if (told === null) return { state, message: null };
  const about = told === 'firing' ? state : known;
  return { state, message: messageOf(name, { told, about, severity, facts }) };
}

const isFiring = (state: AlertState | undefined): boolean =>
  state?.kind === 'firing' || state?.kind === 'settling';

function turnedOff(name: AlertName, known: AlertState | null, facts: AlertFacts) {
  const { severity } = alertRules[name];
  const about = known?.kind === 'pending' ? null : known;
  const message = about === null ? null : messageOf(name, { told: 'resolved', about, severity, facts });
  return { state: null, message };
}

function messageOf(
  name: AlertName,
  {
    told,
    about,
    severity,
    facts: { pipeline, nowMs },
  }: {
    readonly told: 'firing' | 'resolved';
    readonly about: AlertState | null;
    readonly severity: AlertSeverity;
    readonly facts: AlertFacts;
  },
): AlertMessage {
  const firedAtMs = about !== null && about.kind !== 'pending' ? about.firedAtMs : nowMs;
  return {
    id: `${pipeline}/${name}/${firedAtMs}/${told}`,
    pipeline,
    alert: name,
    state: told,
    severity,
    text: about?.text ?? '',
    nextStep: told === 'firing' ? alertRules[name].nextStep(pipeline) : 'nothing has to be done',
    runbook: runbookOf(name),
    atMs: nowMs,
    sinceMs: about?.sinceMs ?? nowMs,
    missed: 0,
  };
}
