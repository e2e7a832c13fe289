import { setTimeout as delay } from 'node:timers/promises';
import type { RetrySettings } from '../../protocol/configuration.ts';
import { interruptedBy } from '../../protocol/errors/interrupted.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { backoffDelayMs, type RandomSource } from './backoff.ts';

export interface Retry {
  readonly error: LockstepError;
  /** Which attempt failed, from 1. */
  readonly attempt: number;
  /** What is waited before the next one. */
  readonly delayMs: number;
}

export interface RetryOptions {
  /** For the error and the log: `copy of public.orders`. */
  readonly what: string;
  readonly settings: RetrySettings;
  readonly signal: AbortSignal;
  /** Told before each wait. */
  readonly onRetry?: (retry: Retry) => void;
  /** Rejects when the signal aborts. */
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<unknown>;
  /** Milliseconds of a clock that does not jump. */
  readonly now?: () => number;
  readonly random?: RandomSource;
}

const sleepUnlessAborted = (delayMs: number, signal: AbortSignal): Promise<unknown> =>
  delay(delayMs, undefined, { signal });

/**
 * Repeats work that fails with class `transient`, waiting longer each time. Every other error, and what is not ours, is
 * thrown as it is. After `attempts` failures: `retries-exhausted` with the last error as its cause and its exit. An abort ends the wait at
 * once with the signal's error. Failures are counted per call: who makes progress calls again.
 */
export async function withRetry<Result>(work: () => Promise<Result>, options: RetryOptions): Promise<Result> {
  const { settings, signal, sleep = sleepUnlessAborted, now = () => performance.now() } = options;
  const startedAt = now();
  for (let attempt = 1; ; attempt += 1) {
    if (signal.aborted) throw interruptedBy(signal);
    const outcome = await tryOnce(work);
    if (outcome.kind === 'done') return outcome.result;
    const { error } = outcome;
    if (signal.aborted) throw interruptedBy(signal);
    if (attempt >= settings.attempts)
      throw exhausted(options.what, { error, attempt, elapsedMs: now() - startedAt });
    const delayMs = backoffDelayMs(settings, attempt, {
      jitter: 'half',
      ...(options.random ? { random: options.random } : {}),
    });
    options.onRetry?.({ error, attempt, delayMs });
    await sleepOrInterrupt(sleep(delayMs, signal), signal);
  }
}

type Attempt<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed'; readonly error: LockstepError };

async function tryOnce<Result>(work: () => Promise<Result>): Promise<Attempt<Result>> {
  try {
    return { kind: 'done', result: await work() };
  } catch (thrown) {
    if (thrown instanceof LockstepError && thrown.class === 'transient')
      return { kind: 'failed', error: thrown };
    throw thrown;
  }
}

async function sleepOrInterrupt(sleeping: Promise<unknown>, signal: AbortSignal): Promise<void> {
  try {
    await sleeping;
  } catch (thrown) {
    throw signal.aborted ? interruptedBy(signal) : thrown;
  }
}

function exhausted(
  what: string,
  last: { error: LockstepError; attempt: number; elapsedMs: number },
): LockstepError {
  const seconds = Math.round(last.elapsedMs / 100) / 10;
  const details = { what, attempts: last.attempt, seconds, detail: last.error.message };
  return new LockstepError('retries-exhausted', details, { cause: last.error, exit: last.error.exit });
}
