import type { ScheduleClock } from './clock.ts';
import { gapAfter, type Moments, newestUntil } from './moments.ts';

export interface Due {
  readonly atMs: number;
  /** It had come before somebody waited for it. */
  readonly wasOverdue: boolean;
}

/** At most so long in one sleep: the clock may be set, or the machine sleep, meanwhile. */
const lookEveryMs = 15_000;
/** A clock that is set back by less than this repeats nothing that a schedule names by its hour. */
const mostPatienceMs = 3 * 3_600_000;

/**
 * One due moment after the other. Those that have passed while nobody waited, or because the clock was set forward, are one: the newest. When
 * the clock is set back, what was due is not due again, unless waiting for it would take longer than the schedule's own gap (or three hours).
 */
export class DueMoments {
  readonly #moments: Moments;
  readonly #clock: ScheduleClock;
  /** The newest that was told, or when this began. */
  #last: number;
  #upcoming: number | null;
  /** What the clock showed when somebody looked last. */
  #seenMs: number;

  constructor(moments: Moments, clock: ScheduleClock) {
    this.#moments = moments;
    this.#clock = clock;
    this.#seenMs = clock.now();
    this.#last = this.#seenMs;
    this.#upcoming = moments.after(this.#last);
  }

  /** When the next one is due; null: none is any more. */
  get upcoming(): number | null {
    const nowMs = this.#clock.now();
    if (nowMs < this.#seenMs) this.#setBack(nowMs);
    this.#seenMs = nowMs;
    return this.#upcoming;
  }

  /** Waits for it. Null: somebody stopped it, or none comes any more. */
  async next(stopping: AbortSignal): Promise<Due | null> {
    let wasOverdue = true;
    while (!stopping.aborted) {
      const atMs = this.upcoming;
      if (atMs === null) return null;
      const leftMs = atMs - this.#seenMs;
      if (leftMs <= 0) return this.#tell(atMs, wasOverdue);
      wasOverdue = false;
      await this.#clock.sleep(Math.min(leftMs, lookEveryMs), stopping);
    }
    return null;
  }

  #setBack(nowMs: number): void {
    const patience = Math.min(mostPatienceMs, gapAfter(this.#moments, nowMs) ?? mostPatienceMs);
    if (this.#last - nowMs > patience) this.#last = nowMs;
    this.#upcoming = this.#moments.after(this.#last);
  }

  #tell(atMs: number, wasOverdue: boolean): Due {
    this.#last = Math.max(atMs, newestUntil(this.#moments, this.#seenMs) ?? atMs);
    this.#upcoming = this.#moments.after(this.#last);
    return { atMs: this.#last, wasOverdue };
  }
}
