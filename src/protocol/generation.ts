import type { Change } from './change.ts';
import type { Chunk } from './chunk.ts';
import type { LockstepError } from './errors/lockstep-error.ts';
import type { CollectionName, Key, PipelineName, Position, Shard } from './names.ts';
import type { Target, WriteOptions } from './writer.ts';

/**
 * Generations of a destination: what a full refresh found to differ is kept aside, brought in by one transaction over all collections
 * (readers see the old state, then the new one), and can be taken back by another. Where a destination can't do that in one transaction,
 * each collection comes in at once, one shortly after the other, and what was begun is ended by whoever comes next. One at a time is staged
 * per pipeline; numbers grow and never repeat at a destination.
 */
export interface GenerationWriter {
  /**
   * Why differences of this target can't be put aside; null: they can. Where they can't, they are written as they are found, and are no part
   * of a generation.
   */
  unstaged(target: Target): string | null;

  /** Begins one. What was staged before and not brought in, by whomever, is dropped: it was read earlier. */
  begin(options: WriteOptions & BeginOptions): Promise<StagedGeneration>;

  /** Newest first. Reads only; empty where the destination never heard of the pipeline. */
  list(options: {
    readonly pipeline: PipelineName;
    readonly signal: AbortSignal;
  }): Promise<readonly GenerationRecord[]>;

  /**
   * Brings in what is staged, and keeps its inverse. Throws what the destination refused (classes `change` and
   * `deferred`: see `sift`), `generation-unfit` when it is not the staged one, or was staged under another configuration or for other
   * tables than these. A repeat after a lost connection finds it promoted and says so.
   */
  promote(id: GenerationId, targets: readonly Target[], options: WriteOptions): Promise<GenerationRecord>;

  /**
   * Finds what the destination refuses of a staged generation, row by row, and changes nothing. What is refused only because of
   * another row that is refused, or that holds a value it wants, may be among it (class `deferred`). Of a target without a key it is all
   * or nothing: then there is no key to name (null).
   */
  sift(id: GenerationId, targets: readonly Target[], options: WriteOptions): Promise<readonly RefusedPiece[]>;

  /**
   * Takes out of a staged generation what was found to be refused, once it is noted elsewhere: nobody finds it there afterwards. A repeat
   * finds it gone.
   */
  takeOut(
    id: GenerationId,
    refused: readonly Pick<RefusedPiece, 'target' | 'key'>[],
    options: WriteOptions,
  ): Promise<void>;

  /**
   * Takes the newest promoted one back, in one transaction. Rows that somebody has changed since: `refuse` throws
   * `generation-overtaken` and nothing is written, `keep` leaves these as they are. Positions that belong to it go with it: the
   * destination has none then, as before it came in.
   */
  rollback(
    id: GenerationId,
    targets: readonly Target[],
    options: WriteOptions & RollbackOptions,
  ): Promise<GenerationRecord>;

  /** Drops what is kept of it. Of a promoted one that is its inverse: it can't be rolled back afterwards. */
  discard(id: GenerationId, options: WriteOptions): Promise<void>;
}

export type GenerationId = number;

export interface BeginOptions {
  /** By the engine's clock. */
  readonly readAtMs: number;
  /** Where a stream goes on once this is in; null: none does. */
  readonly positions: ReadonlyMap<Shard, Position> | null;
}

export interface RollbackOptions {
  readonly changed: 'refuse' | 'keep';
  /** Where these shards stand goes with it too, as what was read up to there is there no more. Default: none. */
  readonly forgets?: readonly Shard[];
}

/** One that is being filled. */
export interface StagedGeneration {
  readonly id: GenerationId;
  /** Makes room for a target; parents come before children. */
  join(target: Target, options: WriteOptions): Promise<void>;
  /**
   * Adds changes, in a transaction of its own. `upsert` and `leave`; what is staged already of a key stays. Throws where these changes can't
   * be staged. Returns what is not part of the generation since it was refused while all others went on: of these changes, or of those of
   * earlier calls where what is staged had to be kept another way.
   */
  stage(target: Target, changes: readonly Change[], options: WriteOptions): Promise<readonly RefusedRow[]>;
  /**
   * All that a target without a key is to have, instead of what was staged of it before, in a transaction of its own. The chunks are consumed
   * once. `keepsFormer`: promotion keeps what the target has then, so that it can be taken back.
   */
  fill(
    target: Target,
    chunks: AsyncIterable<Chunk>,
    options: WriteOptions & { readonly keepsFormer: boolean },
  ): Promise<void>;
  /** Forgets what was staged of a target: it is read again. */
  clear(target: Target, options: WriteOptions): Promise<void>;
  /** All of these targets is there; what was staged of others is dropped. */
  seal(options: WriteOptions & SealOptions): Promise<GenerationRecord>;
}

/** What can't come in of a generation: a row or leaving of this key. Null: a target without a key, as a whole. */
export interface RefusedPiece {
  readonly target: Target;
  readonly key: Key | null;
  readonly error: LockstepError;
}

/** What is to be taken out of a staged generation, by key. */
export interface TakeOutRequest {
  readonly id: GenerationId;
  readonly refused: readonly Pick<RefusedPiece, 'target' | 'key'>[];
  readonly options: WriteOptions;
}

/** Refused for a reason of its own (class `change`), or because another row holds a value that it wants (`deferred`). */
export interface RefusedRow {
  readonly key: Key;
  readonly error: LockstepError;
}

export interface SealOptions {
  readonly targets: readonly Target[];
  /** Why it is not to be brought in without somebody's word; null: it may. */
  readonly held: string | null;
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
  /** Of a live pipeline: where its stream went on once this was in. Taken back with the rows. Null: of a run without a stream. */
  readonly positions: Readonly<Record<Shard, Position>> | null;
  readonly collections: readonly GenerationCollection[];
  /** It can be taken back. */
  readonly canRollBack: boolean;
}

export interface GenerationCollection {
  readonly collection: CollectionName;
  /** `staged`: its rows were written; `swap`: another table took its place. */
  readonly by: 'staged' | 'swap';
  /** Of one that was swapped: how long its readers were locked out at most, up to the commit or by the rename. */
  readonly lockedMs: number | null;
  /** Staged: rows to be written and keys to leave; without a key all that it is to have, and all that it had. */
  readonly rows: number;
  readonly leaving: number;
  /** What promotion, or rollback, made of them; null before. */
  readonly inserted: number | null;
  readonly updated: number | null;
  readonly left: number | null;
}
