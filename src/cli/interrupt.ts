import { exitCodeOf, interruption } from '../service/failure.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** The first Ctrl-C (or SIGTERM) aborts, so that work drains and is saved; the second leaves at once. */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #onFirst: (name: string) => void;
  readonly #listener = (name: NodeJS.Signals) => this.#receive(name);

  constructor(onFirst: (name: string) => void) {
    this.#onFirst = onFirst;
    for (const name of signals) process.on(name, this.#listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const name of signals) process.off(name, this.#listener);
  }

  #receive(name: NodeJS.Signals): void {
    if (this.#controller.signal.aborted) process.exit(exitCodeOf('interrupted'));
    this.#onFirst(name);
    this.#controller.abort(interruption(name));
  }
}
