/** Answers that are being made. What they work on must not be closed before they have ended. */
export class Answering {
  readonly #open = new Set<Promise<unknown>>();

  async during<Result>(work: Promise<Result>): Promise<Result> {
    this.#open.add(work);
    try {
      return await work;
    } finally {
      this.#open.delete(work);
    }
  }

  /** Whoever asked gets the failure of an answer; here only its end counts. */
  async ended(): Promise<void> {
    while (this.#open.size > 0) await Promise.allSettled(this.#open);
  }
}
