import type { Lag, PipelineStatus } from '../../protocol/status.ts';

/** What rules judge a pipeline by, at one moment. Null: not known, or there is none. */
export interface AlertFacts {
  readonly pipeline: string;
  readonly nowMs: number;
  readonly status: PipelineStatus;
  /** Nobody works on it any more: a run has ended, or the process gave up. */
  readonly isOver: boolean;
  readonly reason: string;
  readonly lag: Lag | null;
  /** When something became durable last, since somebody watches. */
  readonly movedAtMs: number | null;
  readonly watchedSinceMs: number;
  /** Since when a side can't be reached or does not answer. */
  readonly awaySinceMs: number | null;
  readonly failuresInARow: number;
  /** Of the last five minutes. */
  readonly recent: { readonly succeeded: number; readonly failed: number };
  readonly deadLetters: number;
  /** Guards that wait for somebody to decide. */
  readonly guards: { readonly leaving: number; readonly oldestAtMs: number } | null;
  /** `inMs` null: nothing grows. */
  readonly forgets: { readonly inMs: number | null } | null;
  /** What the last scheduled comparison found. */
  readonly drift: { readonly rows: number } | null;
  /** Between two scheduled runs. */
  readonly schedule: { readonly shortestMs: number } | null;
  /** Between two scheduled comparisons of both sides as a whole. */
  readonly comparisons: { readonly longestMs: number } | null;
  readonly run: { readonly startedAtMs: number; readonly endedAtMs: number | null } | null;
  /** When both sides were last compared as a whole, or since when that could have been done. */
  readonly provenAtMs: number | null;
}
