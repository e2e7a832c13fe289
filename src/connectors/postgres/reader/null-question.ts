/** Of the time that the answer took. */
const restFactor = 20;

/**
 * Whether some row of a collection has no key, asked when one is told of. It may take a scan of the rows that a filter leaves out, so after an
 * answer that none has it rests for a multiple of what that took; walks ask anyway.
 */
export class NullQuestion {
  readonly #now: () => number;
  #restsUntil = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** `ask` throws if there is one. */
  async refuse(ask: () => Promise<void>): Promise<void> {
    const startedAt = this.#now();
    if (startedAt < this.#restsUntil) return;
    await ask();
    const endedAt = this.#now();
    this.#restsUntil = endedAt + restFactor * (endedAt - startedAt);
  }
}
