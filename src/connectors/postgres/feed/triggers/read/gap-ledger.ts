/** What a look at the log says of its gap sequence. */
export interface GapSight {
  readonly gap: bigint;
  readonly xmin: bigint;
}

export type GapVerdict = 'none' | 'mark' | 'tell';

/**
 * When a moved gap sequence may be told. What moved it may be an open transaction, whose rows no read shows yet: so it is told
 * only once every transaction is over that was open when it was seen.
 *
 * | sight                                         | then                                                      |
 * |-----------------------------------------------|-----------------------------------------------------------|
 * | as told                                       | nothing                                                   |
 * | moved, and an earlier gap is not acknowledged | nothing: the log may still be full of it                  |
 * | moved                                         | its value is kept, and the number of a transaction begun now |
 * | xmin has passed that number                   | the kept value is told                                    |
 */
export class GapLedger {
  #pending: { readonly value: bigint; readonly mark: bigint } | null = null;
  #seen = 0n;

  /** Something waits to be told. */
  get isWaiting(): boolean {
    return this.#pending !== null;
  }

  /** `mark`: call `mark` next. `tell`: call `take`. `settled`: the gap that was told last is acknowledged. */
  see(told: bigint, sight: GapSight, settled: boolean): GapVerdict {
    this.#seen = sight.gap;
    if (sight.gap === told) this.#pending = null;
    else if (this.#pending === null) return settled ? 'mark' : 'none';
    else if (sight.xmin > this.#pending.mark) return 'tell';
    return 'none';
  }

  /** The number of a transaction that began after the sight. */
  mark(xid: bigint): void {
    this.#pending = { value: this.#seen, mark: xid };
  }

  /** The value to be told. */
  take(): bigint {
    const value = this.#pending?.value ?? this.#seen;
    this.#pending = null;
    return value;
  }
}
