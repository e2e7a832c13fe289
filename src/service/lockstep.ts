import type { EventSource } from '../engine/event-bus.ts';
import type { StoredConnections } from './connections/connections.ts';
import type {
  AlternativeList,
  DeadLetterDetail,
  DeadLetterPage,
  DiscardResult,
  PauseResult,
  RequestResult,
  ResumeResult,
  StartedPipeline,
} from './live-results.ts';
import type { LetterChoice } from './pipeline/chosen-letters.ts';
import type { LetterQuery } from './pipeline/letters.ts';
import type { RequestProgress } from './pipeline/requests.ts';
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
  TestedTarget,
  VerifyResult,
} from './results.ts';
import type { Secrets } from './secrets/sealed/secrets.ts';

export type { EventHandler, EventSource } from '../engine/event-bus.ts';
export type { Secrets } from './secrets/sealed/secrets.ts';

export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** Of what is asked of an engine that may run in another process. */
export interface Asking extends Abortable {
  /** Default: until it has ended; false: only asks. */
  readonly wait?: boolean | undefined;
  /** Some times a second while it waits. */
  readonly onProgress?: ((progress: RequestProgress) => void) | undefined;
}

export interface ChoosingGeneration extends Abortable {
  readonly generation?: number | undefined;
}

/**
 * An engine with the pipelines of one configuration. Made with `createLockstep`, which connects to nothing; used with
 * `await using`. Verbs throw `LockstepError`.
 */
export interface Lockstep extends AsyncDisposable {
  /** The pipelines' names. */
  readonly pipelines: readonly string[];
  /** Those that `start` keeps running: live ones. */
  readonly livePipelines: readonly string[];
  /** Those that `start` runs: live ones, and others that have a `schedule`. */
  readonly startedPipelines: readonly string[];
  readonly events: EventSource;
  /** Keys, what they sealed, and what comes from the environment. */
  readonly secrets: Secrets;
  /** What `stored()` in a configuration refers to. */
  readonly connections: StoredConnections;

  /** What would go wrong; changes nothing. Of all pipelines, unless one is named. */
  check(pipeline?: string, options?: Abortable): Promise<readonly CheckResult[]>;
  /** What a run would do, with samples; changes nothing. */
  plan(pipeline: string, options?: Abortable): Promise<PlanResult>;
  /** Brings the destination in step. Aborting drains and saves; running again goes on from there. */
  run(
    pipeline: string,
    options?: Abortable & {
      /** Both sides as a whole, where the mode would not. */ readonly compare?: boolean | undefined;
    },
  ): Promise<RunResult>;
  /** Compares both sides; with `repair` writes what differs: asks for it where an engine keeps the pipeline running. */
  verify(
    pipeline: string,
    options?: Omit<Asking, 'wait'> & { readonly repair?: boolean | undefined },
  ): Promise<VerifyResult>;
  /** From the control store alone. Of all pipelines, unless one is named. */
  status(pipeline?: string, options?: Abortable): Promise<readonly StatusResult[]>;
  /** The newest runs, newest first; 100 unless told otherwise, a thousand are kept. From the control store alone. */
  runs(pipeline: string, options?: Abortable & { readonly limit?: number | undefined }): Promise<RunsResult>;
  /** What fires or is about to, and what targets have not taken yet. Of all pipelines, unless one is named. */
  alerts(pipeline?: string, options?: Abortable): Promise<readonly AlertsResult[]>;
  /** Sends a marked message to targets (default: all) and says what came of it. */
  testAlerts(targets?: readonly string[], options?: Abortable): Promise<readonly TestedTarget[]>;
  /** Lets what a guard holds leave with the next run; of all collections, unless one is named. */
  approve(
    pipeline: string,
    options?: Abortable & { readonly collection?: string | undefined },
  ): Promise<ApproveResult>;
  /** Removes our own state of the pipeline everywhere; rows of targets stay. */
  remove(pipeline: string, options?: Abortable): Promise<RemoveResult>;

  /** Runs a live pipeline, or one by its schedule, until the signal aborts and all is drained; throws when a live one fails. */
  start(pipeline: string, options?: Abortable): Promise<void>;
  /** Runs them side by side (default: all `startedPipelines`), each started again after a failure that may pass; ends when none is left. */
  startAll(
    pipelines?: readonly string[],
    options?: Abortable & {
      /** After the signal it has so long to end; what has not by then is told as failed. Default: as long as it takes. */
      readonly drainMs?: number | undefined;
    },
  ): Promise<readonly StartedPipeline[]>;
  /** Stops the stream of a live pipeline until `resume`, over restarts too. */
  pause(
    pipeline: string,
    options?: Abortable & { readonly reason?: string | undefined },
  ): Promise<PauseResult>;
  /** After a rollback only with `yes`: the next run brings in again what was taken back. */
  resume(
    pipeline: string,
    options?: Abortable & { readonly yes?: boolean | undefined },
  ): Promise<ResumeResult>;
  /** Brings collections (default: all) of a live pipeline in step anew, beside the stream. */
  resync(
    pipeline: string,
    options?: Asking & { readonly collections?: readonly string[] | undefined },
  ): Promise<RequestResult>;
  /** What `verify` with `repair` asks of a running engine, without needing the answer. */
  askRepair(pipeline: string, options?: Asking): Promise<RequestResult>;

  /** A page of dead letters, by number; 100 unless told otherwise. */
  letters(pipeline: string, options?: Abortable & Partial<LetterQuery>): Promise<DeadLetterPage>;
  /** One letter with its row, if a key of the configuration opens it. */
  letter(pipeline: string, id: number, options?: Abortable): Promise<DeadLetterDetail>;
  /** Reads the keys of letters again and applies what is there; without a choice all. */
  replay(pipeline: string, options?: Asking & Partial<LetterChoice>): Promise<RequestResult>;
  /** Forgets letters; without a choice all that are parked. */
  discard(pipeline: string, options?: Asking & Partial<LetterChoice>): Promise<DiscardResult>;

  /** Rows of a live pipeline that have another value than their own in a column with alternatives: somebody else has that. From the control store alone. */
  alternatives(pipeline: string, collection: string, options?: Abortable): Promise<AlternativeList>;

  /** What full runs found to differ and brought in, newest first. */
  generations(pipeline: string, options?: Abortable): Promise<GenerationList>;
  /** Brings in a generation that a guard held; without a number the one that is staged. */
  promoteGeneration(pipeline: string, options?: ChoosingGeneration): Promise<GenerationResult>;
  /**
   * Takes the newest promoted generation back, in one transaction, and pauses the pipeline. Rows that were changed since: refuses, or with
   * `keepChanged` leaves these as they are.
   */
  rollBackGeneration(
    pipeline: string,
    options?: ChoosingGeneration & { readonly keepChanged?: boolean | undefined },
  ): Promise<GenerationResult>;
  /** Drops what is kept of a generation: it can't be promoted or rolled back any more. */
  discardGeneration(pipeline: string, generation: number, options?: Abortable): Promise<GenerationResult>;
}
