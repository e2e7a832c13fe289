import type { Reporter } from './reporter.ts';

/** A reporter at work, from the first copy until the pipeline ends, through every pause. */
export class Reporting implements AsyncDisposable {
  readonly reporter: Reporter;
  readonly #over = new AbortController();
  readonly #running: Promise<void>;

  constructor(reporter: Reporter) {
    this.reporter = reporter;
    this.#running = reporter.run(this.#over.signal);
    // Told by `until`, or at the end.
    this.#running.catch(() => undefined);
  }

  /** Resolves when the signal aborts; rejects when the reporter failed. */
  async until(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => aborted.resolve(), { once: true });
    if (signal.aborted) aborted.resolve();
    await Promise.race([this.#running, aborted.promise]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort(new Error('the pipeline ends'));
    await this.#running;
  }
}
