const leastKeys = 500;
const mostKeys = 16_000;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

export interface Retried {
  /** Keys that were tried together and are blocked still. */
  readonly blocked: number;
  /** Keys that are right now. */
  readonly cured: number;
  /** Counts all keys that others are in the way of, tried or not; asked only when nothing was cured. */
  readonly waiting: () => number;
}

/**
 * How many keys with a letter are tried together. Keys that exchange unique values in one large circle go through only all at once, so a
 * retry that cures none takes twice as many the next time, until it has tried all that wait or as many as we dare. After that, or when
 * something was cured, it begins small again, and grows later each time that it was in vain. Without I/O; the clock is the caller's.
 */
export class RetryExtent {
  #keys = leastKeys;
  #pauseMs = firstPauseMs;
  #growsFromMs = 0;

  get keys(): number {
    return this.#keys;
  }

  /** Keys that are not due are tried too, when they are in others' way or others in theirs. */
  get isWide(): boolean {
    return this.#keys > leastKeys;
  }

  /** When to try again with more keys; null: that would help nobody. */
  tried({ blocked, cured, waiting }: Retried, nowMs: number): number | null {
    if (cured > 0) return this.#cured();
    if (blocked === 0) return null;
    if (blocked >= waiting() || this.#keys >= mostKeys) return this.#gaveUp(nowMs);
    this.#keys = Math.min(mostKeys, 2 * this.#keys);
    return Math.max(nowMs, this.#growsFromMs);
  }

  #cured(): null {
    this.#keys = Math.max(leastKeys, this.#keys / 2);
    this.#pauseMs = firstPauseMs;
    this.#growsFromMs = 0;
    return null;
  }

  #gaveUp(nowMs: number): null {
    if (this.isWide) {
      this.#growsFromMs = nowMs + this.#pauseMs;
      this.#pauseMs = Math.min(longestPauseMs, 2 * this.#pauseMs);
    }
    this.#keys = leastKeys;
    return null;
  }
}
