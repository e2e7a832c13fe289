/**
 * The stream names transactions by the low 32 bits of their number; snapshots know all 64. Transactions of a stream are close to each
 * other, so the missing bits are those of the nearest number to the last one.
 */
export class TransactionClock {
  #last: bigint;

  /** A full number of about now. */
  constructor(near: bigint) {
    this.#last = near;
  }

  widen(xid: number): string {
    const distance = (xid - Number(this.#last & 0xffffffffn)) | 0;
    this.#last += BigInt(distance);
    return this.#last.toString();
  }
}
