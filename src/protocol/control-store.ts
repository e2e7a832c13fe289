import type { ErrorCode } from './errors/catalogue.ts';
import type { Fence, Key, PipelineName, Position } from './names.ts';
import type { Json } from './value.ts';

/**
 * What Lockstep remembers between runs. Every method that returns is durable (written through to the disk), and every
 * method that writes on behalf of a pipeline carries the fence of its lease: a writer whose fence is not the newest
 * is refused with `fence-lost` and nothing is written. Several processes may use one store at once. Each method is one
 * transaction. What is kept about a pipeline beside its own lease has a name that no pipeline can have (`@alerts/shop`). Implementations run `test/conformance/control-store.ts`.
 */
export interface ControlStore extends AsyncDisposable {
  /** Made when the store was made; a destination remembers it, so that a store restored from an older copy is noticed. */
  readonly storeId: string;
  /** Processes of several machines may use it at once. */
  readonly isShared: boolean;

  readonly leases: LeaseStore;
  readonly checkpoints: CheckpointStore;
  readonly deadLetters: DeadLetterStore;
  readonly guards: GuardStore;
  readonly runs: RunStore;
  readonly requests: RequestStore;
  readonly connections: ConnectionStore;

  /** Everything of a pipeline is forgotten; the name's fence goes on growing. */
  removePipeline(by: FencedBy): Promise<void>;
  /** The clock by which leases end, in milliseconds since 1970: that of a server need not agree with ours. */
  nowMs(): Promise<number>;
}

export interface Lease {
  readonly pipeline: PipelineName;
  /** Stable name of the engine instance that holds it. */
  readonly owner: string;
  /** Grows by one whenever the lease changes hands or is taken again; never repeats. */
  readonly fence: Fence;
  readonly expiresAtMs: number;
}

export interface LeaseStore {
  /**
   * Takes the lease if nobody holds it, if it has expired, or if `owner` already holds it (then with a new fence). Otherwise null.
   * `atLeast`: the fence will be higher than this (what a destination has seen, after a store was lost).
   */
  acquire(request: {
    pipeline: PipelineName;
    owner: string;
    durationMs: number;
    atLeast?: Fence;
  }): Promise<Lease | null>;
  /** Extends it; null when it is no longer ours. */
  renew(lease: Lease, durationMs: number): Promise<Lease | null>;
  release(lease: Lease): Promise<void>;
  get(pipeline: PipelineName): Promise<Lease | null>;
}

/** On whose behalf something is written: refused with `fence-lost` unless the fence is the newest of the pipeline's lease. */
export interface FencedBy {
  readonly pipeline: PipelineName;
  readonly fence: Fence;
}

/** A named document of a pipeline: the pass that is under way, a partition that is done, a position, a fingerprint. */
export interface CheckpointStore {
  /** All of a name space (`pass`, `partitions/orders`), sorted by name. */
  list(
    pipeline: PipelineName,
    space: string,
  ): Promise<readonly { readonly name: string; readonly value: Json }[]>;
  get(pipeline: PipelineName, space: string, name: string): Promise<Json | undefined>;
  /** All or nothing. `value: undefined` deletes. */
  save(by: FencedBy, entries: readonly CheckpointEntry[]): Promise<void>;
  /** Deletes all entries of a space, and of the spaces below it. */
  clear(by: FencedBy, space: string): Promise<void>;
}

export interface CheckpointEntry {
  readonly space: string;
  readonly name: string;
  readonly value: Json | undefined;
}

/** A key whose newest change can't be applied for a reason of its own. One per collection and key: the newest state. */
export interface DeadLetter {
  readonly id: number;
  readonly pipeline: PipelineName;
  readonly collection: string;
  readonly key: Key;
  readonly code: ErrorCode;
  /** For operators; carries no values of the row. */
  readonly message: string;
  readonly attempts: number;
  readonly firstFailedAtMs: number;
  readonly lastFailedAtMs: number;
  /**
   * `deferred`: another key may still cure it; it is tried after each window and is no dead letter yet. `parked`: nothing that was under
   * way when it first failed cured it.
   */
  readonly state: LetterState;
  /** Of a deferred one: it is parked once the stream has passed this position without curing it. */
  readonly until: Position | null;
  /** The mapped row as it was refused, sealed by the store's key; null without a key: then nothing of the row is kept. */
  readonly sealed: Uint8Array | null;
}

export type LetterState = 'deferred' | 'parked';

export interface NewLetter {
  readonly collection: string;
  readonly key: Key;
  readonly code: ErrorCode;
  readonly message: string;
  readonly failedAtMs: number;
  /** Default: `parked`. A parked letter never becomes deferred again. */
  readonly state?: LetterState;
  /** Default: null. The first one stays. */
  readonly until?: Position | null;
  readonly sealed?: Uint8Array | null;
}

export interface DeadLetterStore {
  /** Adds or renews; ids grow and never repeat. Over `limit` letters of a collection: nothing is written, `full` is true. */
  put(by: FencedBy, letters: readonly NewLetter[], limit: number): Promise<{ readonly full: boolean }>;
  /** The keys succeeded or no longer matter. Unknown keys are ignored. Returns how many letters went. */
  resolve(by: FencedBy, collection: string, keys: readonly Key[]): Promise<number>;
  /** Parked ones, unless another state is asked for. */
  count(pipeline: PipelineName, collection?: string, state?: LetterState | 'any'): Promise<number>;
  /** By id, after `afterId`; of every state. */
  list(
    pipeline: PipelineName,
    options: { collection?: string; afterId?: number; limit: number; state?: LetterState },
  ): Promise<readonly DeadLetter[]>;
  get(pipeline: PipelineName, id: number): Promise<DeadLetter | null>;
  /** The highest number that was ever given to a letter of this pipeline; 0: none. */
  newest(pipeline: PipelineName): Promise<number>;
  /** Which of these keys have a letter. */
  having(pipeline: PipelineName, collection: string, keys: readonly Key[]): Promise<ReadonlySet<Key>>;
  /** Letters of every pipeline whose row is sealed, also of those that no configuration names any more; by pipeline and id, after `after`. */
  listSealed(options: { after?: LetterId; limit: number }): Promise<readonly SealedHead[]>;
  /**
   * By a person, so without a fence: each row is sealed anew only where it is still `was`, so that a newer failure is never overwritten. All of
   * them in one transaction; returns how many were replaced.
   */
  reseal(changes: readonly ResealedLetter[]): Promise<number>;
}

export interface LetterId {
  readonly pipeline: PipelineName;
  readonly id: number;
}

/** The first bytes of a sealed row, which say how and with which key it was sealed; rows may be large. */
export interface SealedHead extends LetterId {
  readonly head: Uint8Array;
}

/** So many bytes of a row are a `SealedHead`; fewer where the row has fewer. */
export const sealedHeadBytes = 16;

export interface ResealedLetter extends LetterId {
  readonly was: Uint8Array;
  readonly sealed: Uint8Array;
}

/** A guard stopped what would leave the target; somebody decides. One per collection: a newer decision replaces an older one. */
export interface GuardRecord {
  readonly pipeline: PipelineName;
  readonly collection: string;
  readonly leaving: number;
  readonly total: number;
  readonly samples: readonly Key[];
  readonly state: 'waiting' | 'approved';
  readonly raisedAtMs: number;
  readonly approvedAtMs: number | null;
}

export interface GuardStore {
  /**
   * Raises (or raises again with new figures) and keeps the keys that would leave, replacing earlier ones. A guard that is approved stays as
   * it is when all of these keys are among its own: the decision covers them.
   */
  raise(
    by: FencedBy,
    guard: {
      collection: string;
      leaving: number;
      total: number;
      samples: readonly Key[];
      raisedAtMs: number;
    },
    keys: AsyncIterable<readonly Key[]>,
  ): Promise<void>;
  /** More keys for a guard that waits; `leaving` grows by those that are new. */
  extend(by: FencedBy, collection: string, keys: readonly Key[]): Promise<void>;
  /** By a person, so without a fence. False when no guard of that collection waits. */
  approve(pipeline: PipelineName, collection: string, approvedAtMs: number): Promise<boolean>;
  list(pipeline: PipelineName): Promise<readonly GuardRecord[]>;
  /** The kept keys in order, in pages. */
  keys(pipeline: PipelineName, collection: string): AsyncIterable<readonly Key[]>;
  /** Which of these keys are held back, whether somebody has decided about them or not. */
  holding(pipeline: PipelineName, collection: string, keys: readonly Key[]): Promise<ReadonlySet<Key>>;
  /** `raisedAtMs`: only the guard that was raised then, and only while it is approved: another may have taken its place. */
  clear(by: FencedBy, collection: string, only?: { readonly raisedAtMs: number }): Promise<boolean>;
}

export const requestKinds = ['resync', 'compare', 'replay', 'discard'] as const;
export type RequestKind = (typeof requestKinds)[number];

/** What somebody asks of a pipeline that another process may be running. */
export interface PipelineRequest {
  readonly id: number;
  readonly pipeline: PipelineName;
  readonly kind: RequestKind;
  /** `resync` and `compare`: `{ collections: string[] | null, repair: boolean }`; `replay` and `discard`: `{ letters: number[] | null, collection: string | null }`. */
  readonly detail: Json;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  /** Of `done`: what came of it; of `failed`: `{ code, message }`. */
  readonly result: Json;
  readonly askedAtMs: number;
}

export interface RequestStore {
  /** By a person, so without a fence. */
  ask(
    pipeline: PipelineName,
    request: { kind: RequestKind; detail: Json; askedAtMs: number },
  ): Promise<number>;
  get(pipeline: PipelineName, id: number): Promise<PipelineRequest | null>;
  /** Waiting and running ones (a running one of a process that died is taken up again), in the order in which they were asked. */
  open(pipeline: PipelineName): Promise<readonly PipelineRequest[]>;
  begin(by: FencedBy, id: number): Promise<void>;
  end(by: FencedBy, id: number, end: { state: 'done' | 'failed'; result: Json }): Promise<void>;

  /** By a person: whether the pipeline should be paused; it stays so over restarts. */
  setPaused(pipeline: PipelineName, paused: { sinceMs: number; reason: string } | null): Promise<void>;
  paused(pipeline: PipelineName): Promise<{ readonly sinceMs: number; readonly reason: string } | null>;
}

export interface RunRecord {
  readonly id: number;
  readonly pipeline: PipelineName;
  readonly kind: 'run' | 'verify' | 'repair' | 'live';
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** `running` with an expired lease means: the process died. */
  readonly result: 'running' | 'equal' | 'pending' | 'differences' | 'failed' | 'interrupted';
  /** Counts per collection and what else `status` shows. */
  readonly summary: Json;
}

export interface RunStore {
  /** Runs of the pipeline that are still `running` died without a word: they become `interrupted`, ended now. */
  begin(
    by: FencedBy,
    run: {
      kind: RunRecord['kind'];
      startedAtMs: number;
      /** What is known of it already; default: null. `end` replaces it. */
      summary?: Json;
    },
  ): Promise<number>;
  end(
    by: FencedBy,
    id: number,
    end: { result: RunRecord['result']; endedAtMs: number; summary: Json },
  ): Promise<void>;
  /** Newest first. */
  list(pipeline: PipelineName, limit: number): Promise<readonly RunRecord[]>;
}

/** A connection that configurations refer to by its name (`stored('shop')`). Its URL is sealed; the name and the time are not. */
export interface StoredConnection {
  readonly name: string;
  readonly sealed: Uint8Array;
  readonly savedAtMs: number;
}

/** By people, so without a fence; of the whole store and of no pipeline, so removing one leaves them. */
export interface ConnectionStore {
  /** Adds it, or takes the place of the one of this name. */
  put(connection: StoredConnection): Promise<void>;
  get(name: string): Promise<StoredConnection | null>;
  /** By name. */
  list(): Promise<readonly StoredConnection[]>;
  /** False: there was none. */
  remove(name: string): Promise<boolean>;
  /** Only where it is still `was`, so that a newer one is never overwritten; the time stays. Returns whether it was replaced. */
  reseal(change: {
    readonly name: string;
    readonly was: Uint8Array;
    readonly sealed: Uint8Array;
  }): Promise<boolean>;
}
