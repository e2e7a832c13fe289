import type { AlertName, AlertSeverity } from '../protocol/alerts.ts';
import type { RequestKind } from '../protocol/control-store.ts';
import type { ErrorCode } from '../protocol/errors/catalogue.ts';
import type { CollectionCounts } from '../protocol/events.ts';
import type { Finding } from '../protocol/finding.ts';
import type { GenerationCollection, GenerationState } from '../protocol/generation.ts';
import type { Key } from '../protocol/names.ts';
import type { PipelineStatus } from '../protocol/status.ts';
import type { PreparedStep } from '../protocol/writer.ts';
import type { LiveStatus } from './pipeline/live-status.ts';

/**
 * What the verbs of a pipeline answer: plain data that survives JSON, the same for library, CLI and API. Rows are named
 * by their keys only; values never appear.
 */
export interface CheckResult {
  readonly pipeline: string;
  readonly source: string;
  readonly destination: string;
  /** No finding of level `error`. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

export interface PlanResult {
  readonly pipeline: string;
  /** Both sides are equal: a run would change nothing, and leaves nothing different. */
  readonly inStep: boolean;
  /** What would be created or altered, with the exact statements. */
  readonly steps: readonly PreparedStep[];
  readonly collections: readonly PlannedCollection[];
  /** Collections that could not be compared, which are not among the others. */
  readonly failures: readonly CollectionFailure[];
  /** What a run would read, of an incremental pipeline; of others empty. */
  readonly extents: readonly CollectionExtent[];
}

/** What a run of an incremental pipeline reads of a collection: everything, or what changed since its cursor. */
export interface CollectionExtent {
  readonly collection: string;
  readonly reads: 'all' | 'since';
  /** Of `all`: `gap`: what changed since can’t be told. */
  readonly why: 'first' | 'gap' | 'comparison' | null;
  /** The same for people. */
  readonly reason: string | null;
}

export interface PlannedCollection {
  readonly collection: string;
  readonly source: string;
  readonly target: string;
  readonly insert: number;
  readonly update: number;
  readonly leave: number;
  /** The target does not exist yet, so `insert` is what the source's statistics say. */
  readonly estimated: boolean;
  /** Null where it was not counted. */
  readonly unchanged: number | null;
  /** Rows outside our scope that hold one of our keys: left alone. */
  readonly clashes: number;
  /** The guard would hold back what leaves. */
  readonly guarded: boolean;
  /** How a run would bring it in; null: nothing differs, or a live pipeline's stream and comparisons do. */
  readonly comesIn: ComesIn | null;
  readonly samples: {
    readonly insert: readonly Key[];
    readonly update: readonly Key[];
    readonly leave: readonly Key[];
  };
}

/**
 * - `copy`: written into a target that has no rows
 * - `differences`: put aside row by row, then brought in by one transaction over all collections
 * - `whole`: the same with all rows, of a collection without a key
 * - `swap`: a table made aside with all rows takes the target's place in that transaction
 * - `direct`: written as it is found, in many transactions
 */
export interface ComesIn {
  readonly by: 'copy' | 'differences' | 'whole' | 'swap' | 'direct';
  /** For people. */
  readonly reason: string;
}

/** A collection that stopped while others went on. */
export interface CollectionFailure {
  readonly collection: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly cure: string;
}

export interface RunResult {
  readonly pipeline: string;
  /**
   * `equal`: both sides are; `pending`: all but dead letters and held leavings; `failed`: some collections stopped
   * (see `failures`). Anything worse is thrown.
   */
  readonly result: 'equal' | 'pending' | 'failed';
  /** It went on where an earlier run had stopped. */
  readonly resumed: boolean;
  readonly seconds: number;
  readonly steps: readonly PreparedStep[];
  readonly collections: readonly (CollectionCounts & { readonly collection: string })[];
  readonly deadLetters: number;
  readonly guards: readonly WaitingGuard[];
  readonly failures: readonly CollectionFailure[];
  /** What was read, of an incremental pipeline; of others empty. `equal` says of what was read since a cursor that the target has it. */
  readonly extents: readonly CollectionExtent[];
}

/** What would leave is held back until `approve`. */
export interface WaitingGuard {
  readonly collection: string;
  readonly leaving: number;
  readonly total: number;
  readonly samples: readonly Key[];
  readonly state: 'waiting' | 'approved';
  readonly raisedAtMs: number;
}

export interface VerifyResult {
  readonly pipeline: string;
  /** Proved: no difference at all, not even one that `explained` counts. */
  readonly equal: boolean;
  readonly seconds: number;
  readonly collections: readonly VerifiedCollection[];
  /** What `repair` wrote; null without it. */
  readonly repaired: { readonly inserted: number; readonly updated: number; readonly left: number } | null;
  /** Collections that could not be compared, which are not among the others; `equal` is false then. */
  readonly failures: readonly CollectionFailure[];
}

/** The method of a collection without a key. Its differences are counts of rows at most: which rows they are, and how many, nothing says. */
export const comparedAsWhole = 'one digest of the whole';

export interface VerifiedCollection {
  readonly collection: string;
  readonly equal: boolean;
  readonly sourceRows: number;
  readonly targetRows: number;
  /** Keys of the source that the target lacks, of the target that the source lacks, and of rows that differ. */
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  /** Keys of the source that a row outside our scope holds: left alone. */
  readonly clashes: number;
  /** Differences among these that somebody knows about already. */
  readonly explained: { readonly deadLetters: number; readonly held: number };
  readonly samples: {
    readonly missing: readonly Key[];
    readonly extra: readonly Key[];
    readonly different: readonly Key[];
  };
  /** How it was compared: `digests of ranges`, `digests of groups`, `rows read and hashed`, `one digest of the whole`, `no target` */
  readonly method: string;
}

export interface StatusResult {
  readonly pipeline: string;
  readonly mode: 'full' | 'incremental' | 'live';
  readonly source: string;
  readonly destination: string;
  readonly status: PipelineStatus;
  readonly reason: string;
  readonly sinceMs: number | null;
  /** What happens next, or what somebody has to do. */
  readonly nextStep: string;
  readonly owner: { readonly name: string; readonly expiresAtMs: number } | null;
  readonly lastRun: LastRun | null;
  /** The newest runs, newest first; of a live pipeline none: its engine tells more. */
  readonly runs: readonly RunEntry[];
  /** When `lockstep start` runs it; null: it does not, or keeps it running. */
  readonly scheduled: ScheduleStatus | null;
  readonly deadLetters: readonly LetterCount[];
  readonly guards: readonly WaitingGuard[];
  /** What the engine that runs (or ran) it told last; null: it never ran live. */
  readonly live: LiveStatus | null;
  /** Where the cursors of an incremental pipeline stand; null: it is no such. */
  readonly incremental: IncrementalStatus | null;
  /** When both sides were last compared as a whole and what differed was mended; null: not since this is remembered. */
  readonly provenAtMs: number | null;
  /** The shortest and longest time between two scheduled runs to come; null: there is no schedule. */
  readonly schedule: { readonly shortestMs: number; readonly longestMs: number } | null;
  /** The same between two of them that compare both sides as a whole: those of an incremental pipeline only now and then do. Null: none is scheduled. */
  readonly comparisons: { readonly shortestMs: number; readonly longestMs: number } | null;
  readonly paused: { readonly sinceMs: number; readonly reason: string } | null;
  /** Those that fire. */
  readonly alerts: readonly OpenAlert[];
  /** What was asked and has not ended. */
  readonly requests: readonly OpenRequest[];
}

export interface IncrementalStatus {
  readonly cursors: readonly {
    readonly collection: string;
    /** For people: everything older is at the target. */
    readonly at: string;
    /** A transaction that keeps the cursor back, for people; null: none does. */
    readonly waitsFor: string | null;
    readonly savedAtMs: number;
    readonly comparedAtMs: number;
  }[];
  /** When the collection that has waited longest was compared as a whole; null: none has been. */
  readonly comparedAtMs: number | null;
  /** From when on a run compares everything; null: only one that is asked to. */
  readonly nextComparisonAtMs: number | null;
}

/** An alert that fires, or is about to. */
export interface OpenAlert {
  readonly alert: AlertName;
  /** `pending`: it has not held for long enough to be told. */
  readonly state: 'pending' | 'firing';
  readonly severity: AlertSeverity;
  readonly sinceMs: number;
  /** Null: not yet. */
  readonly firedAtMs: number | null;
  /** What was found when it began. */
  readonly text: string;
  readonly nextStep: string;
  /** Where its cause and cure are explained. */
  readonly runbook: string;
}

export interface AlertsResult {
  readonly pipeline: string;
  readonly alerts: readonly OpenAlert[];
  /** Messages that targets have not taken yet. */
  readonly waiting: readonly {
    readonly target: string;
    readonly messages: number;
    readonly sinceMs: number;
  }[];
}

/** What came of a test message. */
export interface TestedTarget {
  readonly target: string;
  readonly kind: 'email' | 'slack' | 'webhook';
  readonly delivered: boolean;
  /** Why not; empty when it was. */
  readonly detail: string;
}

export interface LetterCount {
  readonly collection: string;
  /** Parked ones: their newest change can't be applied. */
  readonly count: number;
  /** Those that another key may still cure; tried again after each window. */
  readonly deferred: number;
}

export interface OpenRequest {
  readonly id: number;
  readonly kind: RequestKind;
  readonly state: 'waiting' | 'running';
  readonly askedAtMs: number;
}

export interface LastRun {
  readonly kind: 'run' | 'verify' | 'repair' | 'live';
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  readonly result: 'running' | 'equal' | 'pending' | 'differences' | 'failed' | 'interrupted';
}

/** One line of the history of runs. */
export interface RunEntry extends LastRun {
  readonly id: number;
  /** `followed`: it was due while another run was under way, and began when that had ended. */
  readonly reason: 'asked' | 'scheduled' | 'followed';
  /** The moment of the schedule that it was made for; null: somebody asked for it. */
  readonly dueAtMs: number | null;
  /** Rows of all collections; null: it did not get so far, or is no pass. */
  readonly counts: Omit<CollectionCounts, 'sourceRows' | 'targetRows'> | null;
  readonly failure: { readonly code: ErrorCode; readonly message: string } | null;
  /** Of an incremental pipeline: whether everything was compared. Else null. */
  readonly extent: 'all' | 'since' | null;
}

export interface RunsResult {
  readonly pipeline: string;
  /** Newest first. */
  readonly runs: readonly RunEntry[];
}

export interface ScheduleStatus {
  /** As it is configured: `every 15m`, `0 3 * * * (Europe/Berlin)`. */
  readonly text: string;
  /** Null: no moment comes any more. */
  readonly nextAtMs: number | null;
  /** Runs that failed since one did not, of the newest fifty. */
  readonly failuresInARow: number;
}

export interface ApproveResult {
  readonly pipeline: string;
  /** Collections whose guard waited and is approved now; the next run removes what it held. */
  readonly approved: readonly string[];
}

export interface RemoveResult {
  readonly pipeline: string;
  /** What was removed: our state at the destination and in the control store; never rows of targets. */
  readonly removed: readonly PreparedStep[];
  /** What could not be reached and is still there, with how to remove it. */
  readonly left: readonly string[];
}

/** One generation of the destination: what a full run found to differ. */
export interface GenerationSummary {
  readonly id: number;
  /** `staged` ones wait; `promoted` ones are in; of `discarded` ones nothing is kept. */
  readonly state: GenerationState;
  readonly readAtMs: number;
  readonly promotedAtMs: number | null;
  readonly rolledBackAtMs: number | null;
  /** Why it waits for somebody's word; null: it does not. */
  readonly held: string | null;
  /** Of a live pipeline, by shard: where its stream went on once this was in. Null: of a run without a stream. */
  readonly positions: Readonly<Record<string, string>> | null;
  readonly canRollBack: boolean;
  readonly collections: readonly GenerationCollection[];
}

export interface GenerationList {
  readonly pipeline: string;
  /** Newest first. */
  readonly generations: readonly GenerationSummary[];
}

export interface GenerationResult {
  readonly pipeline: string;
  readonly generation: GenerationSummary;
  /** Rows that the destination refused when it was brought in: they have dead letters, and are no part of it. */
  readonly letters: number;
  /** Collections without a key that the destination refused as a whole: they keep what they had. */
  readonly failures: readonly CollectionFailure[];
  /** The pipeline is paused now: a run would bring in again what was taken back. */
  readonly paused: boolean;
}
