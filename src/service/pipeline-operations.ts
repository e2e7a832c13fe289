import type { ControlStore } from '../protocol/control-store.ts';
import type { EventSink } from '../protocol/events.ts';
import type {
  ApproveResult,
  CheckResult,
  PlanResult,
  RemoveResult,
  RunResult,
  StatusResult,
  VerifyResult,
} from './results.ts';

export interface VerbOptions {
  readonly signal: AbortSignal;
}

/**
 * The verbs of one pipeline. Having one connects to nothing: each verb opens what it needs and closes it again, and `status` and
 * `approve` read the control store only. Failures are `LockstepError`s; an abort is `interrupted` once all is drained.
 */
export interface PipelineOperations extends AsyncDisposable {
  check(options: VerbOptions): Promise<CheckResult>;
  plan(options: VerbOptions): Promise<PlanResult>;
  run(options: VerbOptions): Promise<RunResult>;
  verify(options: VerbOptions & { readonly repair: boolean }): Promise<VerifyResult>;
  status(options: VerbOptions): Promise<StatusResult>;
  /** Without a collection: every guard that waits. */
  approve(options: VerbOptions & { readonly collection?: string | undefined }): Promise<ApproveResult>;
  remove(options: VerbOptions): Promise<RemoveResult>;
}

/** What the pipelines of one engine share. */
export interface PipelineContext {
  /** Opened by whoever needs it first, closed with the engine. */
  readonly store: () => Promise<ControlStore>;
  readonly events: EventSink;
  /** Where what does not fit into memory may be spilled: beside the control store. */
  readonly stateDirectory: string;
}
