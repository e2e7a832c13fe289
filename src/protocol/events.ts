import type { ErrorCode } from './errors/catalogue.ts';
import type { ErrorClass } from './errors/error-class.ts';
import type { Key, PipelineName } from './names.ts';
import type { PipelineStatus } from './status.ts';

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
  'guard.raised': {
    pipeline: PipelineName;
    collection: string;
    leaving: number;
    total: number;
    samples: readonly Key[];
  };
  'dead-letter.put': {
    pipeline: PipelineName;
    collection: string;
    key: Key;
    code: ErrorCode;
    message: string;
  };
  'dead-letter.resolved': { pipeline: PipelineName; collection: string; count: number };
  failed: {
    pipeline: PipelineName;
    collection: string | null;
    code: ErrorCode;
    class: ErrorClass;
    message: string;
  };
  'pass.finished': {
    pipeline: PipelineName;
    result: 'equal' | 'pending' | 'differences' | 'failed' | 'interrupted';
    seconds: number;
  };
}

export type EventName = keyof EventMap;

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
