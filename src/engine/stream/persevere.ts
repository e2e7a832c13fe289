import { setTimeout as delay } from 'node:timers/promises';
import { interruptedBy } from '../../protocol/errors/interrupted.ts';
import { type LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { backoffDelayMs } from '../retry/backoff.ts';
import { Breaker } from './breaker.ts';
import type { StreamContext } from './context.ts';

/** What is told when something goes wrong for a reason that passes, and when it is over. */
export interface Trouble {
  began(error: LockstepError): void;
  ended(): void;
}

/**
 * Repeats work until it succeeds, however long that takes, as long as it fails for reasons that pass: in a stream nothing is given up and
 * nothing is parked for them. `giveUp` may end it earlier by throwing.
 */
export class Perseverance {
  readonly #context: StreamContext;
  readonly #what: string;
  readonly #trouble: Trouble;
  readonly #breaker: Breaker;
  /** What fails once it has aborted is not tried again. */
  readonly #hurry: AbortSignal;

  constructor(
    context: StreamContext,
    {
      what,
      trouble,
      hurry = context.draining,
    }: { readonly what: string; readonly trouble: Trouble; readonly hurry?: AbortSignal },
  ) {
    this.#context = context;
    this.#what = what;
    this.#trouble = trouble;
    this.#hurry = hurry;
    this.#breaker = new Breaker(context.settings.stream);
  }

  async until<Result>(
    work: () => Promise<Result>,
    giveUp: (error: LockstepError, failures: number) => Promise<void> = async () => undefined,
  ): Promise<Result> {
    const { signal } = this.#context;
    for (;;) {
      try {
        const result = await work();
        this.succeeded();
        return result;
      } catch (thrown) {
        if (signal.aborted) throw interruptedBy(signal);
        const error = toLockstepError(thrown);
        if (error.class !== 'transient') throw error;
        if (this.#hurry.aborted) throw interruptedBy(this.#hurry);
        const pauseMs = this.#failed(error);
        await giveUp(error, this.#breaker.failures);
        const either = AbortSignal.any([signal, this.#hurry]);
        await delay(pauseMs, undefined, { signal: either }).catch(() => {
          throw interruptedBy(either);
        });
      }
    }
  }

  /** Work that goes on for long says so itself, once it has got somewhere: what fails after that is a new failure. */
  succeeded(): void {
    if (this.#breaker.failures === 0) return;
    const { pipeline, events } = this.#context;
    if (this.#breaker.succeeded()) events.emit('breaker.closed', { pipeline });
    this.#trouble.ended();
  }

  #failed(error: LockstepError): number {
    const { pipeline, events, settings } = this.#context;
    const { code, message } = error;
    const attempt = this.#breaker.failures + 1;
    const wasOpen = this.#breaker.isOpen;
    const pauseMs = this.#breaker.failed(backoffDelayMs(settings.retry, attempt, { jitter: 'half' }));
    if (attempt === 1) this.#trouble.began(error);
    events.emit('retry', { pipeline, what: this.#what, code, message, attempt, delayMs: pauseMs });
    if (this.#breaker.isOpen && !wasOpen) events.emit('breaker.opened', { pipeline, code, message, pauseMs });
    return pauseMs;
  }
}
