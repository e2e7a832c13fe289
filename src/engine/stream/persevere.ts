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

/** What is done while the next attempt is waited for; ends when the signal aborts. What it fails with is one more failure of the work. */
export type Meanwhile = (over: AbortSignal) => Promise<void>;

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
  readonly #hurry: () => AbortSignal;
  readonly #meanwhile: Meanwhile;
  #gaveUp = false;

  constructor(
    context: StreamContext,
    {
      what,
      trouble,
      hurry = () => context.draining,
      meanwhile = async () => undefined,
    }: {
      readonly what: string;
      readonly trouble: Trouble;
      readonly hurry?: () => AbortSignal;
      readonly meanwhile?: Meanwhile;
    },
  ) {
    this.#context = context;
    this.#what = what;
    this.#trouble = trouble;
    this.#hurry = hurry;
    this.#meanwhile = meanwhile;
    this.#breaker = new Breaker(context.settings.stream);
  }

  async until<Result>(
    work: () => Promise<Result>,
    giveUp: (error: LockstepError, failures: number) => Promise<void> = async () => undefined,
  ): Promise<Result> {
    const { signal } = this.#context;
    for (let pauseMs: number | null = null; ; ) {
      try {
        if (pauseMs !== null) await this.#pause(pauseMs);
        const result = await work();
        this.succeeded();
        return result;
      } catch (thrown) {
        if (signal.aborted) throw interruptedBy(signal);
        const error = toLockstepError(thrown);
        if (error.class !== 'transient') throw error;
        if (this.#hurry().aborted) throw this.#givenUp(this.#hurry());
        pauseMs = this.#failed(error);
        await giveUp(error, this.#breaker.failures);
      }
    }
  }

  /** Work that goes on for long says so itself, once it has got somewhere: what fails after that is a new failure. */
  succeeded(): void {
    if (this.#breaker.failures > 0) this.#forget();
  }

  #forget(): void {
    const { pipeline, events } = this.#context;
    if (this.#breaker.succeeded()) events.emit('breaker.closed', { pipeline });
    this.#trouble.ended();
  }

  /** Something had failed and was not tried again: whether it was done is not known. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  #givenUp(by: AbortSignal): LockstepError {
    this.#gaveUp = true;
    const { signal, draining } = this.#context;
    // Nobody waits for that side any more; who goes on tells of it again. Whoever stops or was overtaken does not.
    if (!signal.aborted && !draining.aborted) this.#forget();
    return interruptedBy(by);
  }

  async #pause(pauseMs: number): Promise<void> {
    const either = AbortSignal.any([this.#context.signal, this.#hurry()]);
    const ended = new AbortController();
    const end = (): void => ended.abort();
    const over = AbortSignal.any([either, ended.signal]);
    const wait = delay(pauseMs, undefined, { signal: over }).then(end, () => undefined);
    const work = this.#meanwhile(over).catch((thrown: unknown) => {
      end();
      throw thrown;
    });
    const [worked] = await Promise.allSettled([work, wait]);
    if (either.aborted) throw this.#givenUp(either);
    if (worked.status === 'rejected') throw worked.reason;
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
