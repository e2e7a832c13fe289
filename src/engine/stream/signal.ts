/** Wakes everybody who waits for something to happen. Who is woken looks again whether it was what he waited for. */
export class Signal {
  #waiting = Promise.withResolvers<void>();

  fire(): void {
    const { resolve } = this.#waiting;
    this.#waiting = Promise.withResolvers();
    resolve();
  }

  /** Resolves at the next `fire`; rejects with the signal's reason when it aborts first. */
  async next(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#waiting.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}
