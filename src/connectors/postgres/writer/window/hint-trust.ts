/** Windows for which hints are not followed once they have misled: most likely the stream tells again what was copied already. */
const windowsOfDoubt = 100;

/**
 * Whether it is believed that rows are new, or there, when a feed says so. Inserting them without looking for a row of their key saves a
 * third of an insert, updating them without a lock before it a quarter of the log; where it is not so, the window is refused and has to be
 * sent again.
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
