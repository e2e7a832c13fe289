import type { AlertMessage, AlertName, AlertSeverity } from './alerts.ts';
import type { BarrierEvent, Gap } from './change.ts';
import type { ErrorCode } from './errors/catalogue.ts';
import type { ErrorClass } from './errors/error-class.ts';
import type { Retained } from './feed.ts';
import type { Key, PipelineName, Shard } from './names.ts';
import type { Lag, PipelineStatus } from './status.ts';

/**
 * Everything that happens, as one typed map: progress, logs, metrics and status all read it. Handlers run synchronously and
 * must not throw; what they do not need costs nothing.
 */
export interface EventMap {
  status: { pipeline: PipelineName; status: PipelineStatus; reason: string; nextStep: string };
  'pass.started': {
    pipeline: PipelineName;
    kind: 'run' | 'plan' | 'verify' | 'repair';
    resumed: boolean;
    collections: readonly string[];
    estimatedRows: number;
  };
  'collection.started': {
    pipeline: PipelineName;
    collection: string;
    estimatedRows: number;
    partitions: number;
  };
  /** How a collection is copied that is empty at the destination; why not in one transaction, or nothing. */
  'copy.way': {
    pipeline: PipelineName;
    collection: string;
    way: 'whole' | 'partitions';
    reason: string;
  };
  'collection.finished': {
    pipeline: PipelineName;
    collection: string;
    counts: CollectionCounts;
    seconds: number;
  };
  /** Rows that were copied or compared since the last such event; often. */
  'rows.done': {
    pipeline: PipelineName;
    collection: string;
    verb: 'copied' | 'compared';
    rows: number;
    bytes: number;
  };
  'partition.finished': { pipeline: PipelineName; collection: string; partition: string };
  retry: {
    pipeline: PipelineName;
    what: string;
    code: ErrorCode;
    message: string;
    attempt: number;
    delayMs: number;
  };
  notice: { pipeline: PipelineName; side: 'source' | 'destination'; message: string };
  /**
   * Connections of ours to one side, of connectors that count theirs; once a second at most, when there is news. `open`: now; `inUse`: the
   * most that worked at one time since the last such event.
   */
  connections: {
    pipeline: PipelineName;
    side: 'source' | 'destination';
    open: number;
    inUse: number;
  };
  'guard.raised': {
    pipeline: PipelineName;
    collection: string;
    leaving: number;
    total: number;
    samples: readonly Key[];
  };
  /** What somebody approved has left. */
  'guard.cleared': { pipeline: PipelineName; collection: string };
  /** All that a full run found to differ is at the destination, in one transaction. */
  'generation.promoted': {
    pipeline: PipelineName;
    generation: number;
    inserted: number;
    updated: number;
    left: number;
    /** The longest that readers of a target that was swapped were locked out; null: none was. */
    lockedMs: number | null;
  };
  /** It waits for somebody's word. */
  'generation.held': { pipeline: PipelineName; generation: number; reason: string };
  'dead-letter.put': {
    pipeline: PipelineName;
    collection: string;
    key: Key;
    code: ErrorCode;
    message: string;
  };
  /** `keys`: those whose letters went, and perhaps some that had none; null: they were discarded, and nobody says which. */
  'dead-letter.resolved': {
    pipeline: PipelineName;
    collection: string;
    count: number;
    keys: readonly Key[] | null;
  };
  /** A row has another value than its own in a column with alternatives: somebody else has that. In mode `full` once in each pass. */
  'alternative.taken': { pipeline: PipelineName; collection: string; key: Key };
  /** It has its own value now, or is gone. */
  'alternative.released': { pipeline: PipelineName; collection: string; key: Key };
  failed: {
    pipeline: PipelineName;
    collection: string | null;
    code: ErrorCode;
    class: ErrorClass;
    message: string;
  };
  /** One window of a feed is durable at the destination. Often: up to some hundred a second. */
  'window.applied': {
    pipeline: PipelineName;
    shard: Shard;
    /** Changes as the feed told them, and keys that were left of them after merging. */
    changes: number;
    keys: number;
    touches: number;
    inserted: number;
    updated: number;
    left: number;
    unchanged: number;
    bytes: number;
    /** From the first change's arrival until the window was durable. */
    milliseconds: number;
    committedAtMs: number | null;
    /** A source transaction was above the destination's limits and was written in pieces, or the window by several lanes. */
    torn: boolean;
  };
  /**
   * Keys of one collection whose rows were written one by one and are durable: of a window, or by a pass. What is copied in bulk is counted
   * and not named. The keys are put together for who asks for them.
   */
  'keys.applied': {
    pipeline: PipelineName;
    collection: string;
    keysOf: (effect: AppliedEffect) => readonly Key[];
  };
  /** About once a second while a pipeline streams. */
  lag: {
    pipeline: PipelineName;
    lag: Lag;
    retained: Retained | null;
    /** Until the source forgets what we still need, if what it keeps goes on growing as it did; null: it does not grow, or nobody knows. */
    forgetsInMs: number | null;
  };
  barrier: { pipeline: PipelineName; collections: readonly string[]; event: BarrierEvent };
  gap: { pipeline: PipelineName; gap: Gap; collections: readonly string[] | null };
  healed: {
    pipeline: PipelineName;
    collections: readonly string[];
    written: number;
    seconds: number;
    /** False: the stream stood still, and what was written may be changes that it has still to tell. */
    streamPassed: boolean;
  };
  /** A collection stopped (or goes on) while others flow. */
  'collection.status': {
    pipeline: PipelineName;
    collection: string;
    status: 'copying' | 'healing' | 'live' | 'stopped';
    /** Empty when it is live. */
    reason: string;
    nextStep: string;
  };
  'feed.connected': { pipeline: PipelineName; shard: Shard };
  /** The destination (or source) fails again and again: nothing is tried until the pause is over. */
  'breaker.opened': { pipeline: PipelineName; code: ErrorCode; message: string; pauseMs: number };
  'breaker.closed': { pipeline: PipelineName };
  /** The destination is busy, or is not any more: how much of the time we work from now on (1: all of it). `reason` is empty then. */
  throttle: { pipeline: PipelineName; share: number; reason: string };
  /** A scheduled run has taken most of the time until the next is due; once in a run. */
  'run.near-interval': { pipeline: PipelineName; elapsedMs: number; intervalMs: number };
  /** The keys of the control store were changed under us; of the whole engine. `fault`: what is there can't be used, the former ones stay. */
  'keys.reread': { keyIds: readonly string[]; fault: string | null };
  /** An alert fires, or is over; once each. */
  alert: {
    pipeline: PipelineName;
    alert: AlertName;
    state: 'firing' | 'resolved';
    severity: AlertSeverity;
    text: string;
    nextStep: string;
  };
  'alert.delivered': {
    pipeline: PipelineName;
    target: string;
    alert: AlertMessage['alert'];
    state: AlertMessage['state'];
    attempt: number;
  };
  /** A target did not take a message. `delayMs` null: it will not take it later either, and it is dropped. */
  'alert.undelivered': {
    pipeline: PipelineName;
    target: string;
    alert: AlertMessage['alert'];
    state: AlertMessage['state'];
    attempt: number;
    detail: string;
    delayMs: number | null;
  };
  /** Alerts could not be judged or saved; it is tried again. */
  'alerts.hindered': { pipeline: PipelineName; message: string };
  /**
   * A comparison that the schedule of a live pipeline asked for. `drifted`: rows at least that nothing explains; null: it did not end.
   * `isWhole`: it ended, and left out no collection that has stopped.
   */
  'comparison.started': { pipeline: PipelineName };
  'comparison.finished': {
    pipeline: PipelineName;
    seconds: number;
    drifted: number | null;
    isWhole: boolean;
  };
  'pass.finished': {
    pipeline: PipelineName;
    result: 'equal' | 'pending' | 'differences' | 'failed' | 'interrupted';
    seconds: number;
  };
}

export type EventName = keyof EventMap;

export type AppliedEffect = 'inserted' | 'updated' | 'left';

export interface CollectionCounts {
  readonly sourceRows: number;
  readonly targetRows: number;
  readonly copied: number;
  readonly inserted: number;
  readonly updated: number;
  readonly left: number;
  readonly clashes: number;
  readonly deadLetters: number;
  /** Keys that would leave and wait for `approve`. */
  readonly held: number;
}

/** Where events are told. */
export interface EventSink {
  emit<Name extends EventName>(name: Name, event: EventMap[Name]): void;
}
