/**
 * The stream names transactions by the low 32 bits of their number; snapshots know all 64. Transactions of a stream are close to each
 * other, so the missing bits are those of the nearest number to the last one.
 */
export class TransactionClock {
  /** Exact as a number for the next million years of a busy server. */
  #last: number;

  /** A full number of about now. */
  constructor(near: bigint) {
    this.#last = Number(near);
  }

  widen(xid: number): string {
    const distance = (xid - (this.#last % 0x1_0000_0000)) | 0;
    this.#last += distance;
    return String(this.#last);
  }
}
