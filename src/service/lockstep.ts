import type { EventSource } from '../engine/event-bus.ts';
import type {
  ApproveResult,
  CheckResult,
  PlanResult,
  RemoveResult,
  RunResult,
  StatusResult,
  VerifyResult,
} from './results.ts';

export type { EventHandler, EventSource } from '../engine/event-bus.ts';

export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/**
 * An engine with the pipelines of one configuration. Made with `createLockstep`, which connects to nothing; used with
 * `await using`. Verbs throw `LockstepError`.
 */
export interface Lockstep extends AsyncDisposable {
  /** The pipelines' names. */
  readonly pipelines: readonly string[];
  readonly events: EventSource;

  /** What would go wrong; changes nothing. Of all pipelines, unless one is named. */
  check(pipeline?: string, options?: Abortable): Promise<readonly CheckResult[]>;
  /** What a run would do, with samples; changes nothing. */
  plan(pipeline: string, options?: Abortable): Promise<PlanResult>;
  /** Brings the destination in step. Aborting drains and saves; running again goes on from there. */
  run(pipeline: string, options?: Abortable): Promise<RunResult>;
  /** Compares both sides; with `repair` writes what differs. */
  verify(
    pipeline: string,
    options?: Abortable & { readonly repair?: boolean | undefined },
  ): Promise<VerifyResult>;
  /** From the control store alone. Of all pipelines, unless one is named. */
  status(pipeline?: string, options?: Abortable): Promise<readonly StatusResult[]>;
  /** Lets what a guard holds leave with the next run; of all collections, unless one is named. */
  approve(
    pipeline: string,
    options?: Abortable & { readonly collection?: string | undefined },
  ): Promise<ApproveResult>;
  /** Removes our own state of the pipeline everywhere; rows of targets stay. */
  remove(pipeline: string, options?: Abortable): Promise<RemoveResult>;
}
