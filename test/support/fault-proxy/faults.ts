import { setTimeout as sleep } from 'node:timers/promises';

export type Direction = 'toTarget' | 'toClient';

interface Budget {
  bytes: number;
  readonly spent: () => void;
}

/** The faults that are in force now, shared by all pipes of a proxy. */
export class Faults {
  delayMs = 0;
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  #nextFreeAt = 0;
  #open: PromiseWithResolvers<void> | undefined;
  readonly #budgets = new Map<Direction, Budget>();

  get isHalfOpen(): boolean {
    return this.#open !== undefined;
  }

  halfOpen(): void {
    this.#open ??= Promise.withResolvers<void>();
  }

  throttle(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** `spent` is called once `bytes` more have passed in this direction. */
  limit(direction: Direction, bytes: number, spent: () => void): void {
    this.#budgets.set(direction, { bytes, spent });
  }

  heal(): void {
    this.delayMs = 0;
    this.#bytesPerSecond = Number.POSITIVE_INFINITY;
    this.#budgets.clear();
    this.#open?.resolve();
    this.#open = undefined;
  }

  /** Waits while half open. */
  async passable(): Promise<void> {
    while (this.#open !== undefined) await this.#open.promise;
  }

  /** How much of a chunk may go in one piece: a twentieth of a second of the rate, and no more than the budget. */
  pieceOf(direction: Direction, bytes: number): number {
    const atRate = Math.max(1, Math.floor(this.#bytesPerSecond / 20));
    return Math.min(bytes, atRate, this.#budgets.get(direction)?.bytes ?? bytes);
  }

  /** Waits for the piece's turn; all pipes share the rate. */
  async pace(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY) return;
    const now = performance.now();
    const turn = Math.max(now, this.#nextFreeAt);
    this.#nextFreeAt = turn + (bytes / this.#bytesPerSecond) * 1_000;
    await sleep(this.#nextFreeAt - now, undefined, { signal });
  }

  spend(direction: Direction, bytes: number): void {
    const budget = this.#budgets.get(direction);
    if (budget === undefined) return;
    budget.bytes -= bytes;
    if (budget.bytes > 0) return;
    this.#budgets.delete(direction);
    budget.spent();
  }
}
