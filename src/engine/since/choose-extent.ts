import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { CursorMark } from '../../protocol/since.ts';
import type { Moments } from '../schedule/moments.ts';
import type { CursorRecord } from './cursor-record.ts';

/** What a pass reads of a collection, and why. */
export type Extent =
  | { readonly reads: 'since' }
  /** `first`: there was no cursor; `gap`: what changed since can't be told; `comparison`: everything is looked at because that was due, or asked for. */
  | { readonly reads: 'all'; readonly why: 'first' | 'gap' | 'comparison'; readonly reason: string };

/** Who both sides are now. */
export interface Parties {
  readonly sourceId: string;
  readonly stateId: string;
  /** How many cursors the destination knows to be saved. */
  readonly saved: number;
}

export interface Comparing {
  /** Null: they are off. */
  readonly due: Moments | null;
  readonly asked: boolean;
  readonly nowMs: number;
}

/** Why a saved cursor is of no use to anybody, before the source is asked; null: it may be. */
export function disagreement(plan: CollectionPlan, record: CursorRecord, parties: Parties): string | null {
  if (record.fingerprint !== plan.fingerprint) return 'its mapping was changed';
  if (record.sourceId !== parties.sourceId) return 'the source is another server, or tells another history';
  if (record.stateId !== parties.stateId)
    return 'the destination’s state is not the one that was written before';
  if (record.saved > parties.saved)
    return 'the destination was restored from an older copy, or what was read up to it was taken back';
  return null;
}

export interface Choice {
  readonly record: CursorRecord | undefined;
  readonly disagreement: string | null;
  /** Null: the source told nothing of it. */
  readonly mark: CursorMark | null;
  readonly comparing: Comparing;
}

export function chooseExtent({ record, disagreement: reason, mark, comparing }: Choice): Extent {
  if (record === undefined) return { reads: 'all', why: 'first', reason: 'it has no cursor yet' };
  const gap = reason ?? mark?.gap ?? null;
  if (gap !== null) return { reads: 'all', why: 'gap', reason: gap };
  if (comparing.asked) return { reads: 'all', why: 'comparison', reason: 'a comparison was asked for' };
  if (isDue(record.comparedAtMs, comparing))
    return { reads: 'all', why: 'comparison', reason: 'a comparison was due' };
  return { reads: 'since' };
}

/** Clocks of machines that share a store may differ by so much; what is further ahead was told by a clock that was wrong. */
const clocksDifferMs = 60_000;

function isDue(comparedAtMs: number, { due, nowMs }: Comparing): boolean {
  if (due === null) return false;
  if (comparedAtMs > nowMs + clocksDifferMs) return true;
  const next = due.after(comparedAtMs);
  return next !== null && next <= nowMs;
}
