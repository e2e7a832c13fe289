export interface CancellationOptions {
  readonly signal: AbortSignal | undefined;
  /** Asks the server to stop; resolves once the server has taken note. */
  readonly cancel: () => Promise<void>;
  /** Ends the connection. */
  readonly giveUp: () => void;
}

/** How long a cancelled statement may take to end before the connection is given up. */
export const cancelPatienceMs = 5000;
/** A request can overtake the statement that it is meant for, and is then ignored. */
const repeatMs = 250;

/**
 * Cancels a running statement when a signal aborts. Disposing of it waits for requests that are under way, so that
 * none of them hits the statement that comes next.
 */
export class Cancellation implements AsyncDisposable {
  readonly #options: CancellationOptions;
  readonly #onAbort = (): void => this.#begin();
  #underWay: Promise<void> = Promise.resolve();
  #repeat: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;

  constructor(options: CancellationOptions) {
    this.#options = options;
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    clearInterval(this.#repeat);
    clearTimeout(this.#patience);
    await this.#underWay;
  }

  #begin(): void {
    this.#request();
    this.#repeat = setInterval(() => this.#request(), repeatMs).unref();
    this.#patience = setTimeout(this.#options.giveUp, cancelPatienceMs).unref();
  }

  #request(): void {
    const request = this.#options.cancel();
    this.#underWay = Promise.all([this.#underWay, request]).then(() => undefined);
  }
}
