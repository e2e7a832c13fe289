import type { ScheduleClock } from '../../../src/engine/schedule/clock.ts';

interface Sleeper {
  /** By time that passes, whatever the clock shows. */
  readonly wakesAtMs: number;
  readonly wake: () => void;
}

/** Time that passes when the test says so; the clock may be set besides. */
export class ManualClock implements ScheduleClock {
  #passedMs = 0;
  #shownMs: number;
  #sleepers: readonly Sleeper[] = [];

  constructor(iso: string) {
    this.#shownMs = Date.parse(iso);
  }

  now(): number {
    return this.#shownMs + this.#passedMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => {
      signal.removeEventListener('abort', wake);
      resolve();
    };
    this.#sleepers = [...this.#sleepers, { wakesAtMs: this.#passedMs + ms, wake }];
    signal.addEventListener('abort', wake);
    return promise;
  }

  /** As an operator, or NTP, sets it: nobody wakes for it. */
  set(iso: string): void {
    this.#shownMs = Date.parse(iso) - this.#passedMs;
  }

  /** In the steps in which sleepers wake; whoever wakes may sleep again. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#passedMs + ms;
    await settled();
    for (;;) {
      const next = Math.min(...this.#sleepers.map(({ wakesAtMs }) => wakesAtMs));
      if (next > endMs) break;
      this.#passedMs = Math.max(this.#passedMs, next);
      const awake = this.#sleepers.filter(({ wakesAtMs }) => wakesAtMs <= this.#passedMs);
      this.#sleepers = this.#sleepers.filter((sleeper) => !awake.includes(sleeper));
      for (const { wake } of awake) wake();
      await settled();
    }
    this.#passedMs = endMs;
  }
}

/** Whatever follows from what was just resolved has been done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
