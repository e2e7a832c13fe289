import { setTimeout as delay } from 'node:timers/promises';
import type { ScheduleClock } from '../../../engine/schedule/clock.ts';
import { type LockstepError, toLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { CollectionFailure } from '../../results.ts';
import { ownerOf } from '../engine-owner.ts';
import type { PipelineParts } from '../open-pipeline.ts';
import { run } from '../run.ts';
import { keepFailure } from '../runs/keep-failure.ts';
import { isServed, type Trigger } from '../runs/trigger.ts';
import { isElsewhere, tellStandby } from '../tell-standby.ts';
import { warnNearInterval } from './near-interval.ts';

/** While another process works on the pipeline, its lease is looked at so often. */
const lookEveryMs = 500;

export interface ScheduledOptions {
  readonly clock: ScheduleClock;
  readonly signal: AbortSignal;
  /** From the first moment after this one to the next. */
  readonly gapAfterMs: (ms: number) => number | null;
}

export type DueTrigger = Trigger & { readonly dueAtMs: number };

/** How a moment was served; `nobody`: somebody stopped us. */
export type Served =
  | { readonly by: 'us'; readonly failure: Pick<CollectionFailure, 'code' | 'message'> | null }
  | { readonly by: 'another process' | 'nobody' }
  | { readonly by: 'nobody, as it is paused'; readonly reason: string };

/** A run for this moment was made while we waited for the lease. */
class AlreadyServed extends Error {}

/** Makes the runs of one pipeline that are due, one after the other. */
export class ScheduledRuns {
  readonly #parts: PipelineParts;
  readonly #options: ScheduledOptions;

  constructor(parts: PipelineParts, options: ScheduledOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Never throws: what fails is told and kept, and waits for the next moment. */
  async serve({ reason, dueAtMs }: DueTrigger): Promise<Served> {
    const { signal } = this.#options;
    for (let waited = false; !signal.aborted; waited = true) {
      const attempt = new Attempt(this.#parts, this.#options, dueAtMs);
      try {
        if (await attempt.waitForOthers()) waited = true;
        return { by: 'us', failure: await attempt.run(waited ? 'followed' : reason) };
      } catch (thrown) {
        if (thrown instanceof AlreadyServed) return { by: 'another process' };
        const error = toLockstepError(thrown);
        if (signal.aborted || error.code === 'interrupted') break;
        if (isElsewhere(error.code)) {
          await attempt.standBy(error);
          continue;
        }
        if (error.code === 'pipeline-paused') return { by: 'nobody, as it is paused', reason: error.message };
        await attempt.keep(error, waited ? 'followed' : reason);
        return { by: 'us', failure: error };
      }
    }
    return { by: 'nobody' };
  }
}

class Attempt {
  readonly #parts: PipelineParts;
  readonly #options: ScheduledOptions;
  readonly #dueAtMs: number;
  /** It has a line of its own in the history. */
  #hasBegun = false;

  constructor(parts: PipelineParts, options: ScheduledOptions, dueAtMs: number) {
    this.#parts = parts;
    this.#options = options;
    this.#dueAtMs = dueAtMs;
  }

  /** Whoever works on the pipeline ends first. True: somebody did. */
  async waitForOthers(): Promise<boolean> {
    const { pipeline, context } = this.#parts;
    const { signal } = this.#options;
    const store = await context.store();
    for (let waited = false; ; waited = true) {
      await this.#mustBeUnserved();
      const owner = await ownerOf(store, pipeline.name);
      if (owner === null || signal.aborted) return waited;
      if (!waited) this.#tellStandby(owner.owner);
      await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Another has the lease, or the control store does not say who has. */
  async standBy(error: LockstepError): Promise<void> {
    const { pipeline, context } = this.#parts;
    tellStandby(pipeline.name, error, context.events);
    await delay(lookEveryMs, undefined, { signal: this.#options.signal }).catch(() => undefined);
  }

  /** What stopped collections, if any did. */
  async run(reason: Trigger['reason']): Promise<CollectionFailure | null> {
    const { clock, signal, gapAfterMs } = this.#options;
    using _warning = warnNearInterval(this.#parts, { clock, intervalMs: gapAfterMs(this.#dueAtMs - 1) });
    const result = await run(this.#parts, {
      signal,
      trigger: { reason, dueAtMs: this.#dueAtMs },
      before: async () => {
        await this.#mustBeUnserved();
        this.#hasBegun = true;
      },
    });
    return result.failures[0] ?? null;
  }

  /** A run that could not even begin gets its line in the history here. */
  async keep(error: LockstepError, reason: Trigger['reason']): Promise<void> {
    if (this.#hasBegun) return;
    const { signal } = this.#options;
    const trigger = { reason, dueAtMs: this.#dueAtMs };
    await keepFailure(this.#parts, { error, kind: 'run', trigger, signal });
  }

  async #mustBeUnserved(): Promise<void> {
    const { pipeline, context } = this.#parts;
    const moment = { dueAtMs: this.#dueAtMs, nowMs: this.#options.clock.now() };
    if (await isServed(await context.store(), pipeline.name, moment)) throw new AlreadyServed();
  }

  #tellStandby(owner: string): void {
    this.#parts.context.events.emit('status', {
      pipeline: this.#parts.pipeline.name,
      status: 'standby',
      reason: `${owner} works on it`,
      nextStep: 'what is due is run when that has ended, unless it was run there',
    });
  }
}
