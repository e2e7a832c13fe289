export interface BreakerSettings {
  readonly breakerFailures: number;
  readonly breakerPauseMs: number;
}

/**
 * Counts failures in a row. After so many nothing is tried for a while, so that a server that is down is not asked by every lane at once;
 * then one attempt decides. Without I/O.
 */
export class Breaker {
  readonly #settings: BreakerSettings;
  #failures = 0;

  constructor(settings: BreakerSettings) {
    this.#settings = settings;
  }

  get isOpen(): boolean {
    return this.#failures >= this.#settings.breakerFailures;
  }

  get failures(): number {
    return this.#failures;
  }

  /** How long to wait before the next attempt, given what the back-off says. */
  failed(backoffMs: number): number {
    this.#failures += 1;
    return this.isOpen ? Math.max(backoffMs, this.#settings.breakerPauseMs) : backoffMs;
  }

  /** True when it was open until now. */
  succeeded(): boolean {
    const wasOpen = this.isOpen;
    this.#failures = 0;
    return wasOpen;
  }
}
