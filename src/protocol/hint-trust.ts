/** Windows for which hints are not followed once they have misled: most likely the stream tells again what was copied already. */
const windowsOfDoubt = 100;

/**
 * Whether it is believed that rows are new, or there, when a feed says so. Rows that are new can be inserted without a look for one of their
 * key, which saves a third of an insert in PostgreSQL and half of it in MongoDB; rows that are there can be updated without a lock before.
 * Where it is not so, the window is refused and has to be sent again.
 */
export class HintTrust {
  #doubtLeft = 0;

  get isGiven(): boolean {
    return this.#doubtLeft === 0;
  }

  /** A window was written. */
  passed(): void {
    this.#doubtLeft = Math.max(0, this.#doubtLeft - 1);
  }

  misled(): void {
    this.#doubtLeft = windowsOfDoubt;
  }
}
