import type { WrittenPart } from './write-request.ts';

/** What became of a window. */
export interface AppliedWindow {
  readonly keys: number;
  readonly touches: number;
  readonly inserted: number;
  readonly updated: number;
  readonly left: number;
  readonly unchanged: number;
  /** It was written by several transactions. */
  readonly laned: boolean;
}

/** By the outcomes of what was written. */
export function summaryOf(written: readonly WrittenPart[]): Omit<AppliedWindow, 'touches' | 'laned'> {
  const summary = { keys: 0, inserted: 0, updated: 0, left: 0, unchanged: 0 };
  for (const { changes, outcomes } of written) {
    summary.keys += changes.length;
    for (const { kind } of outcomes) if (kind in summary) summary[kind as 'inserted'] += 1;
  }
  return summary;
}
