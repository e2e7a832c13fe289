import { z } from 'zod';
import type { Judgement } from './rule.ts';

/**
 * An alert of one pipeline. It is told when it becomes `firing`, and again when it is gone: whatever happens in between, once each.
 *
 * | state | bad | good | unknown |
 * |---|---|---|---|
 * | none | pending, or firing if it need not hold | same | same |
 * | pending | firing once it has held for long enough: **told** | none | same |
 * | firing | same | settling | same |
 * | settling | firing, not told again | none once it has held for long enough: **told** | same |
 */
export const alertStateSchema = z.discriminatedUnion('kind', [
  /** `lastMs`: it was bad then; what was not looked at for long has not held. */
  z.strictObject({ kind: z.literal('pending'), sinceMs: z.number(), lastMs: z.number(), text: z.string() }),
  z.strictObject({ kind: z.literal('firing'), sinceMs: z.number(), firedAtMs: z.number(), text: z.string() }),
  z.strictObject({
    kind: z.literal('settling'),
    sinceMs: z.number(),
    firedAtMs: z.number(),
    goodSinceMs: z.number(),
    text: z.string(),
  }),
]);
export type AlertState = Readonly<z.infer<typeof alertStateSchema>>;

export interface Step {
  readonly state: AlertState | null;
  readonly told: 'firing' | 'resolved' | null;
}

export interface StepSettings {
  readonly forMs: number;
  /** So long must it be good before it is resolved. */
  readonly settleMs: number;
}

/** Looks that are further apart than this do not make one stretch of time. */
const unseenMs = 60_000;

export function nextStep(
  state: AlertState | null,
  judgement: Judgement,
  { nowMs, forMs, settleMs }: StepSettings & { readonly nowMs: number },
): Step {
  if (judgement === null) return { state, told: null };
  switch (judgement.kind) {
    case 'bad':
      return afterBad(state, judgement.text, { nowMs, forMs: judgement.atOnce ? 0 : forMs });
    case 'good':
      return afterGood(state, { nowMs, settleMs });
  }
}

function afterBad(
  state: AlertState | null,
  text: string,
  { nowMs, forMs }: { readonly nowMs: number; readonly forMs: number },
): Step {
  switch (state?.kind) {
    case 'firing':
      return { state, told: null };
    case 'settling': {
      const { sinceMs, firedAtMs } = state;
      return { state: { kind: 'firing', sinceMs, firedAtMs, text: state.text }, told: null };
    }
    default: {
      // A clock that was set back, or looks that nobody made: it begins now.
      const goesOn = state !== null && state !== undefined && isOneStretch(state.lastMs, nowMs);
      const sinceMs = goesOn ? Math.min(state.sinceMs, nowMs) : nowMs;
      if (nowMs - sinceMs >= forMs)
        return { state: { kind: 'firing', sinceMs, firedAtMs: nowMs, text }, told: 'firing' };
      return { state: { kind: 'pending', sinceMs, lastMs: nowMs, text }, told: null };
    }
  }
}

const isOneStretch = (lastMs: number, nowMs: number): boolean => Math.abs(nowMs - lastMs) <= unseenMs;

function afterGood(
  state: AlertState | null,
  { nowMs, settleMs }: { readonly nowMs: number; readonly settleMs: number },
): Step {
  if (state === null || state.kind === 'pending') return { state: null, told: null };
  const goodSinceMs = state.kind === 'settling' ? Math.min(state.goodSinceMs, nowMs) : nowMs;
  if (nowMs - goodSinceMs >= settleMs) return { state: null, told: 'resolved' };
  const { sinceMs, firedAtMs, text } = state;
  return { state: { kind: 'settling', sinceMs, firedAtMs, goodSinceMs, text }, told: null };
}
