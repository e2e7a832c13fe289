import type { Retained } from '../../protocol/feed.ts';

interface Sample {
  readonly bytes: number;
  readonly atMs: number;
}

/** What the source keeps goes up and down with its checkpoints; over so long only what really grows does. */
const rememberedMs = 10 * 60_000;
/** Two looks that are closer say nothing about growth. */
const leastMs = 15_000;

/**
 * How long until the source forgets what we still need, judged by how what it keeps for us has grown in the last ten minutes. While it can't
 * be asked, it is taken to go on growing as it did. Without I/O.
 */
export class Forgetting {
  #samples: readonly Sample[] = [];
  #limitBytes: number | null = null;

  seen({ bytes, limitBytes }: Pick<Retained, 'bytes' | 'limitBytes'>, atMs: number): void {
    this.#limitBytes = limitBytes;
    if (bytes === null) this.#samples = [];
    else
      this.#samples = [...this.#samples.filter((each) => atMs - each.atMs <= rememberedMs), { bytes, atMs }];
  }

  /** Null: nothing grows, there is no limit, or nobody knows. */
  inMs(nowMs: number): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    const limit = this.#limitBytes;
    if (first === undefined || last === undefined || limit === null) return null;
    if (last.bytes >= limit) return 0;
    const spanMs = last.atMs - first.atMs;
    const grown = last.bytes - first.bytes;
    if (spanMs < leastMs || grown <= 0) return null;
    const leftMs = ((limit - last.bytes) * spanMs) / grown;
    return Math.max(0, Math.round(leftMs - (nowMs - last.atMs)));
  }
}
