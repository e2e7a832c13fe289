import { setTimeout as delay } from 'node:timers/promises';
import type { LockstepError } from '../protocol/errors/lockstep-error.ts';
import { isStoreAway } from '../service/failure.ts';

/** Between two looks: those who wait for a control store look often. */
const pauseMs = 1_000;
/** Who waits for long says so no more often. */
const tellEveryMs = 60_000;

export interface AwaitingStore {
  readonly signal: AbortSignal;
  /** It is away, and is asked again in a moment. Told at once, then once a minute. */
  readonly onAway: (error: LockstepError) => void;
  /** Milliseconds of a clock that does not jump. */
  readonly now?: () => number;
}

/**
 * What `open` gives, as soon as the control store answers; null: the signal came first. Needed only where the configuration itself can't be
 * read without the store; what an engine needs later it waits for by itself.
 */
export async function whenStoreAnswers<Opened>(
  open: () => Promise<Opened>,
  { signal, onAway, now = () => performance.now() }: AwaitingStore,
): Promise<Opened | null> {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    try {
      return await open();
    } catch (thrown) {
      if (!isStoreAway(thrown)) throw thrown;
      if (now() - toldAtMs >= tellEveryMs) {
        toldAtMs = now();
        onAway(thrown);
      }
    }
    // Half a jitter, so that engines of one store do not come back together. Only the signal ends the wait early.
    await delay(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
  return null;
}
