import type { EventSource } from '../engine/event-bus.ts';
import type { ControlStore } from '../protocol/control-store.ts';
import type { EventSink } from '../protocol/events.ts';
import type { ResolvedAlerts } from './config/resolved-config.ts';
import type { Sealer } from './letters/seal.ts';
import type {
  AlternativeList,
  DeadLetterDetail,
  DeadLetterPage,
  DiscardResult,
  PauseResult,
  RequestResult,
  ResumeResult,
} from './live-results.ts';
import type { LetterChoice } from './pipeline/chosen-letters.ts';
import type { ConnectionMeters } from './pipeline/connection-meters.ts';
import type { GenerationOptions } from './pipeline/generations.ts';
import type { LetterQuery } from './pipeline/letters.ts';
import type { RequestOptions } from './pipeline/requests.ts';
import type {
  AlertsResult,
  ApproveResult,
  CheckResult,
  GenerationList,
  GenerationResult,
  PlanResult,
  RemoveResult,
  RunResult,
  RunsResult,
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
  /** `compare`: also what a pass of its mode would not look at. */
  run(options: VerbOptions & { readonly compare?: boolean }): Promise<RunResult>;
  /** With `repair` while an engine runs the pipeline: asks it, and waits. */
  verify(options: Omit<RequestOptions, 'wait'> & { readonly repair: boolean }): Promise<VerifyResult>;
  status(options: VerbOptions): Promise<StatusResult>;
  runs(options: VerbOptions & { readonly limit: number }): Promise<RunsResult>;
  alerts(options: VerbOptions): Promise<AlertsResult>;
  /** Without a collection: every guard that waits. */
  approve(options: VerbOptions & { readonly collection?: string | undefined }): Promise<ApproveResult>;
  remove(options: VerbOptions): Promise<RemoveResult>;
  /** Runs it live, or by its schedule, until the signal aborts; throws when a live one fails. `standsBy`: also waits while another engine owns it. */
  start(options: VerbOptions & { readonly standsBy?: boolean }): Promise<void>;
  pause(options: VerbOptions & { readonly reason: string | undefined }): Promise<PauseResult>;
  /** `yes`: also when a run would bring in again what was rolled back. */
  resume(options: VerbOptions & { readonly yes: boolean }): Promise<ResumeResult>;
  resync(
    options: RequestOptions & { readonly collections: readonly string[] | null },
  ): Promise<RequestResult>;
  askRepair(options: RequestOptions): Promise<RequestResult>;
  letters(options: VerbOptions & LetterQuery): Promise<DeadLetterPage>;
  letter(options: VerbOptions & { readonly id: number }): Promise<DeadLetterDetail>;
  replay(options: RequestOptions & LetterChoice): Promise<RequestResult>;
  discard(options: RequestOptions & LetterChoice): Promise<DiscardResult>;
  alternatives(options: VerbOptions & { readonly collection: string }): Promise<AlternativeList>;
  generations(options: VerbOptions): Promise<GenerationList>;
  promoteGeneration(options: GenerationOptions): Promise<GenerationResult>;
  rollBackGeneration(
    options: GenerationOptions & { readonly keepChanged: boolean },
  ): Promise<GenerationResult>;
  discardGeneration(options: VerbOptions & { readonly generation: number }): Promise<GenerationResult>;
}

/** What the pipelines of one engine share. */
export interface PipelineContext {
  /** Opened by whoever needs it first, closed with the engine. */
  readonly store: () => Promise<ControlStore>;
  readonly events: EventSink & EventSource;
  readonly meters: ConnectionMeters;
  readonly alerts: Pick<ResolvedAlerts, 'rules' | 'targets' | 'settleMs'>;
  /** Seals rows that can't be applied, with the key of the configuration. */
  readonly sealer: Sealer;
  /** Where what does not fit into memory may be spilled: beside the control store. */
  readonly stateDirectory: string;
}
