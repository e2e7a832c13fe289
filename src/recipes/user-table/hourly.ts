const minutes = 60;
const minuteMs = 60_000;

/** Sums of the last hour, minute by minute: memory does not grow with what happens. */
export class Hourly {
  readonly #now: () => number;
  readonly #slots = Array.from({ length: minutes }, () => ({ minute: -1, done: 0, failed: 0 }));

  /** `now`: milliseconds that never go back, whatever the host's clock does. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add({ done = 0, failed = 0 }: { readonly done?: number; readonly failed?: number }): void {
    const minute = Math.floor(this.#now() / minuteMs);
    const slot = this.#slots[minute % minutes];
    if (slot === undefined) return;
    if (slot.minute !== minute) Object.assign(slot, { minute, done: 0, failed: 0 });
    slot.done += done;
    slot.failed += failed;
  }

  /** Failed of all; 0 when nothing happened. */
  get failedShare(): number {
    const oldest = Math.floor(this.#now() / minuteMs) - minutes;
    const recent = this.#slots.filter(({ minute }) => minute > oldest);
    const failed = recent.reduce((sum, slot) => sum + slot.failed, 0);
    const all = failed + recent.reduce((sum, slot) => sum + slot.done, 0);
    return all === 0 ? 0 : failed / all;
  }
}
