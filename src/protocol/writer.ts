import type { Change, KeyMove } from './change.ts';
import type { Chunk, Format, GroupedForm, RowsChunk, StoredForm } from './chunk.ts';
import type { DigestQuery } from './digest.ts';
import type { Finding } from './finding.ts';
import type { GenerationWriter } from './generation.ts';
import type { SourceIdentity } from './identity.ts';
import type { CollectionPlan } from './mapping.ts';
import type { CollectionName, Fence, Key, PipelineName, Position, Shard } from './names.ts';
import type { Outcome, WriteCounts } from './outcome.ts';
import type { Partition } from './partition.ts';
import type { Reader } from './reader.ts';
import type { Selection } from './selection.ts';
import type { Shape } from './shape.ts';
import type { Row } from './value.ts';

export interface WriterCapabilities {
  /** Formats it takes in bulk, best first. */
  readonly formats: readonly Format[];
  /** `apply` is one transaction with position and fence: all or nothing. */
  readonly transactions: boolean;
  /** The destination itself refuses writes with an old fence. Without it `check` says what falls. */
  readonly fenced: boolean;
  /** It can create missing targets from a shape of these dialects. */
  readonly createsFrom: readonly string[];
  /** Keys we wrote can be kept beside the rows (`scope: owned`). */
  readonly ownedScope: boolean;
}

/** Limits of one transaction; a source transaction above them is torn, counted and reported. */
export interface WriterLimits {
  readonly operations: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** Who writes: goes into every transaction; an older fence than the destination has seen is refused (`fence-lost`). */
export interface WriteLease {
  readonly pipeline: PipelineName;
  readonly fence: Fence;
}

export interface WriteOptions {
  readonly lease: WriteLease;
  readonly signal: AbortSignal;
}

/** What `prepare` and `finish` did or would do, in words and in the destination's own language. */
export interface PreparedStep {
  readonly what: string;
  /** The statement, exactly as it is run; null when there is none to show. */
  readonly statement: string | null;
}

/**
 * A destination. One writer per pipeline; collections are opened as targets. A method that returns is durable.
 * A method that throws wrote nothing of that call, unless its comment says otherwise.
 */
export interface Writer extends AsyncDisposable {
  readonly capabilities: WriterCapabilities;
  readonly limits: WriterLimits;
  /** Reads the destination, for comparing. */
  readonly reader: Reader;
  /** Absent: a refresh writes piece by piece, and can't be taken back. */
  readonly generations?: GenerationWriter;

  identity(options: { signal: AbortSignal }): Promise<SourceIdentity>;

  /**
   * What would go wrong or be lost if these plans were carried out; changes nothing. `staged`: what differs is brought in by a generation where
   * the writer has them; absent: it is not.
   */
  check(request: {
    readonly plans: readonly CollectionPlan[];
    readonly staged?: boolean;
    readonly signal: AbortSignal;
  }): Promise<readonly Finding[]>;

  /** What `attach`, `prepare` and `finish` would do now for these plans; changes nothing. */
  preview(request: {
    readonly plans: readonly CollectionPlan[];
    readonly signal: AbortSignal;
  }): Promise<readonly PreparedStep[]>;

  /** The highest fence that the destination has seen of this pipeline; 0: never heard of it. Reads only. */
  seenFence(options: { readonly pipeline: PipelineName; readonly signal: AbortSignal }): Promise<Fence>;

  /** Where the shards stand at the destination; empty: never heard of it. Reads only. */
  positions(options: {
    readonly pipeline: PipelineName;
    readonly signal: AbortSignal;
  }): Promise<ReadonlyMap<Shard, Position>>;

  /**
   * Called first by whoever got the lease: makes our state at the destination if it is missing, raises the fence
   * in it, and ends what an older owner still has open. Returns what the destination remembers of the pipeline.
   */
  attach(options: WriteOptions): Promise<DestinationState>;

  /**
   * Makes the target ready to be filled: creates it if it is missing and the plan may (without keys and indexes where that
   * is faster), the owned-key index where the scope needs it. A repeat finds what is there.
   */
  open(plan: CollectionPlan, options: WriteOptions): Promise<Target>;

  /**
   * The target as it is, for comparing: nothing is created or remembered, and the writing methods of what it returns must not be
   * called. Null: the target does not exist. A scope that was never decided is what `open` would decide now.
   */
  inspect(plan: CollectionPlan, options: { readonly signal: AbortSignal }): Promise<Target | null>;

  /** What would make the target fit a source whose shape has changed: columns that are new, gone, or of another type. Changes nothing. */
  alignment(plan: CollectionPlan, sourceShape: Shape): readonly PreparedStep[];
  /** Carries that out, in one transaction. */
  align(
    plan: CollectionPlan,
    options: WriteOptions & { readonly sourceShape: Shape },
  ): Promise<readonly PreparedStep[]>;

  /**
   * How busy the destination is, by the measures that its configuration names; absent when it names none. Called about once a second beside
   * everything else; a failure that does not pass makes the pipeline slow, not blind.
   */
  load?(options: { readonly signal: AbortSignal }): Promise<readonly LoadReading[]>;

  /** Removes our state of this pipeline from the destination (never targets' rows) and names what is left. */
  remove(options: {
    readonly pipeline: PipelineName;
    readonly plans: readonly CollectionPlan[];
    readonly signal: AbortSignal;
  }): Promise<readonly PreparedStep[]>;
}

/** A destination that can follow a feed; without it `live` is refused. */
export interface StreamWriter extends Writer {
  /**
   * Windows that it can write at once, in transactions of their own, each with the position of a lane; absent: one after the other, and only
   * the position of lane 0 is kept.
   */
  readonly lanes?: number;

  /**
   * One window of a feed: changes of any number of targets, the position and the marks, in one transaction: all of it or nothing. A key
   * at most once per target. Parents go before children and leavings after them in reverse; unique values that change places go through
   * temporary ones. Throws when the destination refuses any of it, with the class that says what to do; `row-missing` when a patch finds
   * no row. Outcomes as the parts have their changes; of many upserts at once only the numbers of `inserted` and `updated` need to be right,
   * not which is which. Without parts: a keepalive. A connection lost in the commit throws `connection-lost`: it may have been written, and
   * a repeat of the same window is harmless.
   */
  applyWindow(window: WindowWrite, options: WriteOptions): Promise<readonly (readonly Outcome[])[]>;

  /**
   * Makes what `applyWindow` will send for these very arrays of changes, as far as it can be known: called while the window before is on its
   * way. Only a hint: it throws nothing, and parts that come otherwise then, or not at all, do no harm.
   */
  foresee?(parts: readonly WindowPart[]): void;

  /**
   * Which changes the destination refuses, and why, by trying all of them in a transaction that is rolled back: those that can't be
   * applied beside the others come out `failed`, all others as they would be. May refuse too much with class `deferred` (a change that is
   * blocked by one that is itself refused), and what it lets through may still be refused by `applyWindow`: then it is asked again.
   */
  tryWindow(
    window: Pick<WindowWrite, 'parts'>,
    options: WriteOptions,
  ): Promise<readonly (readonly Outcome[])[]>;
}

export const isStreamWriter = <Some extends Writer>(writer: Some): writer is Some & StreamWriter =>
  'applyWindow' in writer && 'tryWindow' in writer;

export interface WindowPart {
  readonly target: Target;
  readonly changes: readonly Change[];
  /**
   * Rows that go on under another key. Before anything else is written the destination gives each its new key, so that what only it knows
   * of the row stays, and with it what refers to the row. Only a help: `changes` say all by themselves (`from` leaves, or has another row;
   * `to` is written), so a move that is not possible (no row at `from`, a row at `to` that stays) is left out, and a repeat finds it done.
   * What can't be told from a repeat (keys that change places, `displaces`) is done only with a position of lane 0, which the destination has
   * not yet.
   */
  readonly moves?: readonly KeyMove[];
  /**
   * Keys that, as those that moves come from, leave only if no other row is lost or changed with them (a cascade): most likely the row
   * goes on under another key. Else `key-change-refused`.
   */
  readonly spared?: ReadonlySet<Key>;
}

export interface WindowWrite {
  readonly parts: readonly WindowPart[];
  /** Where the shard stands once this is written; null: inside a source transaction that was torn, or a replay beside the stream. */
  readonly position: { readonly shard: Shard; readonly lane: number; readonly at: Position } | null;
  /**
   * By plan name: rows of this window were read again, so until the stream has passed this position every change of the collection must
   * be read again too. Kept beside the position, so that it holds after a crash; null takes a mark away.
   */
  readonly marks: ReadonlyMap<string, Position | null>;
  /** The newest dead letter's number in the control store, so that a store restored from an older copy is noticed. */
  readonly newestLetter: number;
}

/** One measure of a destination's load. */
export interface LoadReading {
  /** For people, with its limit: `a replica is 12 s behind (limit 10 s)`. */
  readonly text: string;
  readonly isBusy: boolean;
}

export interface DestinationState {
  /** True when the destination had never heard of this pipeline. */
  readonly isNew: boolean;
  /** Random, made with the state and kept in the control store too: tells a destination that was restored or emptied. */
  readonly stateId: string;
  readonly positions: ReadonlyMap<Shard, Position>;
  /** What lanes other than 0 keep as theirs; absent: there are none. */
  readonly lanePositions?: ReadonlyMap<Shard, readonly Position[]>;
  /** By plan name: see `WindowWrite.marks`. */
  readonly marks: ReadonlyMap<string, Position>;
  readonly newestLetter: number;
}

export interface WholeOptions extends WriteOptions {
  /** As the source's statistics have it. */
  readonly expected: { readonly rows: number; readonly bytes: number; readonly format: Format };
}

export type WholeAppend =
  | { readonly kind: 'appended'; readonly counts: WriteCounts }
  | { readonly kind: 'declined'; readonly reason: string };

/** One collection of the destination, being filled or kept equal. Several lanes use it at once. */
export interface Target extends AsyncDisposable {
  /** As it is now, after `open`. */
  readonly shape: Shape;
  /** With the scope resolved: `default` became `all` (created or found empty) or `owned`. */
  readonly plan: CollectionPlan;
  /** True when rows can be appended without being compared first: we created it or found it empty in this pass. */
  readonly startedEmpty: boolean;

  /** No row of ours, or of anybody's when the scope is everything, in this range of the key. Only for ranges with an order. */
  isEmpty(partition: Partition, options: { signal: AbortSignal }): Promise<boolean>;

  /**
   * Rows into an empty range, as fast as the destination can. `clashes` never occur: a key that exists refuses what it came with (class
   * deferred). In one transaction; in several where the key is kept unique all the while, so that a repeat refuses what is there already
   * and is merged. The chunks are consumed once; on failure the caller reads them again.
   */
  append(chunks: AsyncIterable<Chunk>, options: WriteOptions): Promise<WriteCounts>;

  /**
   * All rows of a target that `startedEmpty`, faster than `append` can, and in one step: nobody sees part of them (in a transaction in which
   * nobody else gets at the target, or beside it and then by its name). Declined when that is not possible here, or would not pay: then
   * nothing was done, and most often no chunk was asked for. Throws what `append` throws, and then the target is as it was; but after a lost
   * connection nobody knows. Absent: there is no such way.
   */
  appendWhole?(chunks: AsyncIterable<Chunk>, options: WholeOptions): Promise<WholeAppend>;

  /** Rows into a range that has some already: inserts and updates what differs, in transactions as `append`. A key at most once. */
  merge(chunks: AsyncIterable<Chunk>, options: WriteOptions): Promise<WriteCounts>;

  /** All of the collection replaced in one transaction: for collections without a key. */
  replace(chunks: AsyncIterable<Chunk>, options: WriteOptions): Promise<WriteCounts>;

  /**
   * Some changes in one transaction, with the position if given; one outcome each, in order. A refusal by the destination
   * either is an outcome `failed`, or throws and nothing is written (the engine then splits). With a position it throws: a window is
   * whole or not at all. A key at most once.
   */
  apply(
    changes: readonly Change[],
    options: WriteOptions & {
      readonly position?: { readonly shard: Shard; readonly lane: number; readonly at: Position };
    },
  ): Promise<readonly Outcome[]>;

  /**
   * Changes that block each other (exchanged unique values, rows that refer to each other): in one transaction, through
   * temporary values; never deletes a row that others may refer to in order to insert it again. Throws if that is not possible; nothing is
   * written then.
   */
  applyTogether(changes: readonly Change[], options: WriteOptions): Promise<readonly Outcome[]>;

  /** Rows as the destination would store them, for hashing; may differ in spelling from what it does store, so suspects are judged. */
  storedForms(chunk: RowsChunk): readonly StoredForm[];

  /** The same forms read from the destination, within scope, marked rows left out. */
  readStoredForms(
    partition: Partition,
    options: { signal: AbortSignal },
  ): AsyncIterable<readonly StoredForm[]>;

  /**
   * The same forms of some groups of rows (null: of all), each with its group and what it adds to the group's digest, as a digest of
   * `comparison()` has them: so what was compared can be known again by its digest. Absent: not offered.
   */
  readGroupedForms?(query: GroupedQuery): AsyncIterable<readonly GroupedForm[]>;

  /** The key of a row of this target, whole or not. */
  keyOf(row: Row): Key;

  /** For each row the other target rows that hold one of its unique values: who has to move first. */
  holders(rows: readonly Row[], options: { signal: AbortSignal }): Promise<readonly (readonly Holder[])[]>;

  /** Compares rows with what is stored, as the destination's own binary form has it; writes nothing. In the order given. */
  judge(
    rows: readonly Row[],
    options: { signal: AbortSignal },
  ): Promise<readonly ('same' | 'different' | 'missing' | 'clash')[]>;

  /** Which of these keys are there, within scope and not marked. */
  present(keys: readonly Key[], options: { signal: AbortSignal }): Promise<ReadonlySet<Key>>;

  /** The selection by which the target's own rows are compared: mapped columns, scope, marked rows left out. */
  comparison(): { readonly selection: Selection; readonly keyColumns: readonly string[] };

  /** Called once all rows are there: keys, indexes, constraints, foreign keys, sequences, statistics. A repeat does what is missing. */
  finish(
    options: WriteOptions & {
      /** The source described anew: its sequences have moved on. Asked for only by whoever has to bring some along. */
      readonly sourceNow: () => Promise<Shape>;
      readonly step: 'keys' | 'references' | 'sequences';
    },
  ): Promise<readonly PreparedStep[]>;

  /** How many rows are ours now, for the guards. */
  countRows(options: { signal: AbortSignal }): Promise<number>;
}

export interface GroupedQuery extends Pick<DigestQuery, 'groups' | 'agreement' | 'signal'> {
  readonly only: ReadonlySet<number> | null;
}

/** A target row that holds what another row wants of a unique index. */
export interface Holder {
  readonly key: Key;
  /** Mapped columns that the index is about. */
  readonly columns: readonly string[];
  /** Within scope and not marked. */
  readonly isOurs: boolean;
}

/** What a destination calls its collection when the mapping does not say. */
export type TargetName = CollectionName;
