import type { Owner } from './trial.ts';

/** What is still open when the servers go, goes before them, last first. */
export class OpenResources implements AsyncDisposable, Owner {
  readonly #owned: AsyncDisposableStack;
  readonly #open = new Set<AsyncDisposable>();

  /** `owned`: what goes at the end. */
  constructor(owned: AsyncDisposableStack) {
    this.#owned = owned;
  }

  adopt(resource: AsyncDisposable): void {
    this.#open.add(resource);
  }

  release(resource: AsyncDisposable): void {
    this.#open.delete(resource);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const resource of [...this.#open].toReversed()) await resource[Symbol.asyncDispose]();
    await this.#owned.disposeAsync();
  }
}
