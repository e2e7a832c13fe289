import type { AlertName, AlertSeverity } from '../../protocol/alerts.ts';
import type { AlertFacts } from './facts.ts';

/** What a rule says of the facts. Null: they say neither, so what was known stays. */
export type Judgement =
  | { readonly kind: 'good' }
  /** `atOnce`: there will be no further look in which it could still hold. */
  | { readonly kind: 'bad'; readonly text: string; readonly atOnce: boolean }
  | null;

export interface AlertRule {
  readonly name: AlertName;
  readonly severity: AlertSeverity;
  readonly threshold: number;
  /** Of the threshold. */
  readonly unit: string;
  /** How long it must hold before it is told. */
  readonly forSeconds: number;
  /** While one of these fires, this one is a consequence and does not begin. */
  readonly coveredBy: readonly AlertName[];
  readonly judge: (facts: AlertFacts, threshold: number) => Judgement;
  readonly nextStep: (pipeline: string) => string;
}

export const good: Judgement = { kind: 'good' };
export const bad = (text: string, { atOnce = false } = {}): Judgement => ({ kind: 'bad', text, atOnce });

/** `75 s`, `12 min`, `3 h`, `2 d`: as exact as anybody wants to know. */
export function spellMs(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

export const counted = (value: number, one: string): string => `${value} ${value === 1 ? one : `${one}s`}`;

export const percent = (share: number): string => `${Math.round(share * 100)} %`;
