/** From this many on, somebody should ask the source which of them can be seen by now. */
const mostUnseen = 4_096;

/**
 * Transactions of which the feed told, and of which no read of ours proved yet that other sessions see them. A read that follows the feed
 * must show them, or it would bring back what was before them.
 */
export class UnseenTransactions {
  readonly #told = new Set<string>();

  get all(): readonly string[] {
    return [...this.#told];
  }

  get isMany(): boolean {
    return this.#told.size >= mostUnseen;
  }

  told(transactions: Iterable<string>): void {
    for (const transaction of transactions) this.#told.add(transaction);
  }

  /** A read has shown these. */
  seen(transactions: Iterable<string>): void {
    for (const transaction of transactions) this.#told.delete(transaction);
  }
}
