const bucketMs = 10_000;
export const rememberedMs = 5 * 60_000;

interface Bucket {
  readonly startsAtMs: number;
  succeeded: number;
  failed: number;
}

/** What came of the attempts of the last five minutes, in steps of ten seconds. Without I/O. */
export class RecentOutcomes {
  #buckets: Bucket[] = [];

  add(outcome: 'succeeded' | 'failed', nowMs: number): void {
    this.#at(nowMs)[outcome] += 1;
  }

  counts(nowMs: number): { readonly succeeded: number; readonly failed: number } {
    this.#forget(nowMs);
    const sum = (outcome: 'succeeded' | 'failed') =>
      this.#buckets.reduce((total, bucket) => total + bucket[outcome], 0);
    return { succeeded: sum('succeeded'), failed: sum('failed') };
  }

  #at(nowMs: number): Bucket {
    const last = this.#buckets.at(-1);
    // A clock that was set back stays in the newest step until it has caught up.
    if (last !== undefined && nowMs - last.startsAtMs < bucketMs) return last;
    this.#forget(nowMs);
    const bucket = { startsAtMs: nowMs, succeeded: 0, failed: 0 };
    this.#buckets.push(bucket);
    return bucket;
  }

  #forget(nowMs: number): void {
    this.#buckets = this.#buckets.filter(({ startsAtMs }) => nowMs - startsAtMs <= rememberedMs);
  }
}
