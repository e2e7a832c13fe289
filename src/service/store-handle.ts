import type { ControlStore } from '../protocol/control-store.ts';
import type { StorePlace } from './config/resolved-config.ts';
import { openControlStore } from './control-store.ts';

/** The control store of a configuration, opened when something needs it first. */
export class StoreHandle implements AsyncDisposable {
  readonly #place: StorePlace;
  #store: Promise<ControlStore> | null = null;

  constructor(place: StorePlace) {
    this.#place = place;
  }

  /** One that could not be opened is tried again by whoever asks next: its server may have come back. */
  get(): Promise<ControlStore> {
    if (this.#store !== null) return this.#store;
    const opening = openControlStore(this.#place);
    this.#store = opening;
    opening.catch(() => {
      this.#store = null;
    });
    return opening;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const [store] = await Promise.allSettled([this.#store]);
    if (store.status === 'fulfilled') await store.value?.[Symbol.asyncDispose]();
  }
}
