import type { Change } from './change.ts';
import type { LockstepError } from './errors/lockstep-error.ts';
import type { CollectionName, Key, PipelineName } from './names.ts';
import type { Target, WriteOptions } from './writer.ts';

/**
 * Generations of a destination: what a full refresh found to differ is kept aside, brought in by one transaction over all collections
 * (readers see the old state, then the new one), and can be taken back by another. One at a time is staged per pipeline; numbers grow and
 * never repeat at a destination.
 */
export interface GenerationWriter {
  /** Begins one. What was staged before and not brought in, by whomever, is dropped: it was read earlier. */
  begin(options: WriteOptions & { readonly readAtMs: number }): Promise<StagedGeneration>;

  /** Newest first. Reads only; empty where the destination never heard of the pipeline. */
  list(options: {
    readonly pipeline: PipelineName;
    readonly signal: AbortSignal;
  }): Promise<readonly GenerationRecord[]>;

  /**
   * Brings in what is staged, in one transaction, and keeps its inverse. Throws what the destination refused (classes `change` and
   * `deferred`: see `sift`), `generation-unfit` when it is not the staged one, or was staged under another configuration or for other
   * tables than these. A repeat after a lost connection finds it promoted and says so.
   */
  promote(id: GenerationId, targets: readonly Target[], options: WriteOptions): Promise<GenerationRecord>;

  /**
   * Finds what the destination refuses of a staged generation, row by row, and takes it out of it. What is refused only because of
   * another row that is refused, or that holds a value it wants, may be among it (class `deferred`).
   */
  sift(
    id: GenerationId,
    targets: readonly Target[],
    options: WriteOptions,
  ): Promise<readonly { readonly target: Target; readonly key: Key; readonly error: LockstepError }[]>;

  /**
   * Takes the newest promoted one back, in one transaction. Rows that somebody has changed since: `refuse` throws
   * `generation-overtaken` and nothing is written, `keep` leaves these as they are.
   */
  rollback(
    id: GenerationId,
    targets: readonly Target[],
    options: WriteOptions & { readonly changed: 'refuse' | 'keep' },
  ): Promise<GenerationRecord>;

  /** Drops what is kept of it. Of a promoted one that is its inverse: it can't be rolled back afterwards. */
  discard(id: GenerationId, options: WriteOptions): Promise<void>;
}

export type GenerationId = number;

/** One that is being filled. */
export interface StagedGeneration {
  readonly id: GenerationId;
  /** Makes room for a target, which has a key; parents come before children. */
  join(target: Target, options: WriteOptions): Promise<void>;
  /** Adds changes, in a transaction of its own. `upsert` and `leave`; what is staged already of a key stays. */
  stage(target: Target, changes: readonly Change[], options: WriteOptions): Promise<void>;
  /** Forgets what was staged of a target: it is read again. */
  clear(target: Target, options: WriteOptions): Promise<void>;
  /** All is there. `held`: why it is not to be brought in without somebody's word. */
  seal(options: WriteOptions & { readonly held: string | null }): Promise<GenerationRecord>;
}

/**
 * - `staging`: being filled; what dies in it is dropped by the next
 * - `staged`: complete, not brought in
 * - `promoted`: brought in; its inverse is kept until it is discarded
 * - `rolled-back`: taken back
 * - `discarded`: nothing is kept of it but this record
 */
export type GenerationState = 'staging' | 'staged' | 'promoted' | 'rolled-back' | 'discarded';

export interface GenerationRecord {
  readonly id: GenerationId;
  readonly state: GenerationState;
  /** When the source was read, by the engine's clock. */
  readonly readAtMs: number;
  readonly promotedAtMs: number | null;
  readonly rolledBackAtMs: number | null;
  /** Why it waits for somebody's word; null: it does not. */
  readonly held: string | null;
  readonly collections: readonly GenerationCollection[];
  /** It can be taken back. */
  readonly canRollBack: boolean;
}

export interface GenerationCollection {
  readonly collection: CollectionName;
  /** Staged: rows to be written and keys to leave. */
  readonly rows: number;
  readonly leaving: number;
  /** What promotion, or rollback, made of them; null before. */
  readonly inserted: number | null;
  readonly updated: number | null;
  readonly left: number | null;
}
