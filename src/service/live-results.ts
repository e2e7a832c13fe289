import type { LetterState, RequestKind } from '../protocol/control-store.ts';
import type { ErrorCode } from '../protocol/errors/catalogue.ts';
import type { Retained } from '../protocol/feed.ts';
import type { Key } from '../protocol/names.ts';
import type { Json } from '../protocol/value.ts';

/** What somebody asked of an engine that may run in another process. */
export interface RequestResult {
  readonly pipeline: string;
  readonly id: number;
  readonly kind: RequestKind;
  /** `waiting` or `running` when it was not waited for, or when no engine runs. */
  readonly state: 'waiting' | 'running' | 'done';
  /** An engine runs the pipeline; without one it happens at the next start. */
  readonly engineRuns: boolean;
  /** What came of it, once done. */
  readonly result: Json;
}

export interface PauseResult {
  readonly pipeline: string;
  readonly sinceMs: number;
  readonly reason: string;
  /** It had been paused before; since and reason are of then unless a reason was given. */
  readonly wasPaused: boolean;
  readonly engineRuns: boolean;
  /** What the source keeps for us, as the engine told last; grows while it is paused. Null: unknown. */
  readonly retained: Retained | null;
}

export interface ResumeResult {
  readonly pipeline: string;
  readonly wasPaused: boolean;
  readonly engineRuns: boolean;
}

/** Rows of a live pipeline that have another value than their own in a column with alternatives. */
export interface AlternativeList {
  readonly pipeline: string;
  readonly collection: string;
  readonly keys: readonly Key[];
}

export interface DeadLetterSummary {
  readonly id: number;
  readonly collection: string;
  readonly key: Key;
  readonly code: ErrorCode;
  readonly message: string;
  readonly state: LetterState;
  readonly attempts: number;
  readonly firstFailedAtMs: number;
  readonly lastFailedAtMs: number;
}

export interface DeadLetterPage {
  readonly pipeline: string;
  readonly letters: readonly DeadLetterSummary[];
  /** Goes on after this number; null: that were all. */
  readonly next: number | null;
}

export interface DeadLetterDetail extends DeadLetterSummary {
  readonly pipeline: string;
  /** The row as it was refused; the one place where values are shown. Null: see `withheld`. */
  readonly row: Json;
  /** Why there is no row; null: there is. */
  readonly withheld: string | null;
}

export interface DiscardResult {
  readonly pipeline: string;
  /** Letters that went; null: a running engine was asked (see `request`). */
  readonly discarded: number | null;
  readonly request: RequestResult | null;
}

/** How a pipeline that `start` ran has ended. */
export interface StartedPipeline {
  readonly pipeline: string;
  readonly ended: 'drained' | 'failed';
  readonly restarts: number;
  readonly failure: { readonly code: ErrorCode; readonly message: string; readonly cure: string } | null;
}
