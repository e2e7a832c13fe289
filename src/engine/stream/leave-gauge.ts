import type { PipelineSettings } from '../../protocol/configuration.ts';

const spanMs = 600_000;
const slotMs = 10_000;

/** What a window did to the number of rows. */
export interface Movement {
  readonly inserted: number;
  readonly left: number;
  /** Of those that left: somebody allowed it. */
  readonly allowed?: number;
}

/**
 * How far a collection has shrunk within the last ten minutes: the live form of the guard. What counts is the highest number of rows in that
 * time against what would be left, so that rows which come and go (a queue, sessions) do not add up. Without I/O; the clock is the caller's.
 */
export class LeaveGauge {
  #total: number;
  /** The highest number of rows in each slot of time. */
  #peaks: { readonly startedAtMs: number; total: number }[] = [];
  /** Rows that somebody allowed to leave: they are not missed. */
  #allowed = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get total(): number {
    return this.#total;
  }

  /** Whether so many more may leave now. */
  allows(leaving: number, limits: PipelineSettings['guard'], nowMs: number): boolean {
    const peak = this.#peakSince(nowMs) - this.#allowed;
    if (leaving === 0 || peak < limits.fromRows) return true;
    return (peak - (this.#total - leaving)) / peak <= limits.maxLeavingShare;
  }

  moved({ inserted, left, allowed = 0 }: Movement, nowMs: number): void {
    this.#note(this.#total, nowMs);
    this.#total = Math.max(0, this.#total + inserted - left);
    this.#allowed += allowed;
    this.#note(this.#total, nowMs);
  }

  #note(total: number, nowMs: number): void {
    const startedAtMs = nowMs - (nowMs % slotMs);
    const last = this.#peaks.at(-1);
    if (last?.startedAtMs === startedAtMs) last.total = Math.max(last.total, total);
    else this.#peaks.push({ startedAtMs, total });
  }

  #peakSince(nowMs: number): number {
    this.#peaks = this.#peaks.filter(({ startedAtMs }) => startedAtMs > nowMs - spanMs);
    if (this.#peaks.length === 0) this.#allowed = 0;
    return this.#peaks.reduce((peak, { total }) => Math.max(peak, total), this.#total + this.#allowed);
  }
}
