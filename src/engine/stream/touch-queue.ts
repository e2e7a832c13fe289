import type { Key } from '../../protocol/names.ts';
import { Signal } from './signal.ts';

/** Why a key is touched: what a walk decided may leave is not weighed by the guard again. */
export interface Touch {
  readonly mayLeave: boolean;
}

export interface TakenTouches {
  readonly collection: string;
  readonly keys: ReadonlyMap<Key, Touch>;
}

export interface TakeLimits {
  readonly keys: number;
  readonly bytes: number;
  readonly sizeOf: (collection: string) => number;
}

const mostWaiting = 20_000;

/**
 * Keys that walks, replays and letters want to be read and written again, on their way into the windows of the stream. Bounded: who adds
 * waits until there is room. A key that waits twice is read once.
 */
export class TouchQueue {
  readonly #waiting = new Map<string, Map<Key, Touch>>();
  readonly #inHand = new Map<string, number>();
  /** Fires whenever something was added, taken or done. */
  readonly #moved = new Signal();
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** Resolves when the keys are in the queue, not when they are written. */
  async add(
    collection: string,
    keys: readonly Key[],
    { signal, mayLeave = false }: { readonly signal: AbortSignal; readonly mayLeave?: boolean },
  ): Promise<void> {
    for (const key of keys) {
      while (this.#count >= mostWaiting) await this.#moved.next(signal);
      this.#put(collection, key, { mayLeave });
    }
    this.#moved.fire();
  }

  /** Resolves once everything that was added for the collection is written. */
  async drained(collection: string, signal: AbortSignal): Promise<void> {
    while (this.#waiting.has(collection) || (this.#inHand.get(collection) ?? 0) > 0)
      await this.#moved.next(signal);
  }

  /** Resolves when there may be something to take. */
  arrival(signal: AbortSignal): Promise<void> {
    return this.#count > 0 ? Promise.resolve() : this.#moved.next(signal);
  }

  /** At most so many, and no more than have room by what `sizeOf` says that one of a collection takes; but one if there is any. */
  take({ keys: most, bytes, sizeOf }: TakeLimits): readonly TakenTouches[] {
    const taken: TakenTouches[] = [];
    let room = most;
    let roomBytes = bytes;
    for (const [collection, waiting] of this.#waiting) {
      if (room <= 0) break;
      const size = sizeOf(collection);
      const fitting = Math.max(taken.length === 0 ? 1 : 0, Math.floor(roomBytes / size));
      if (fitting === 0) continue;
      const keys = new Map([...waiting].slice(0, Math.min(room, fitting)));
      for (const key of keys.keys()) waiting.delete(key);
      if (waiting.size === 0) this.#waiting.delete(collection);
      room -= keys.size;
      roomBytes -= keys.size * size;
      this.#count -= keys.size;
      this.#inHand.set(collection, (this.#inHand.get(collection) ?? 0) + keys.size);
      taken.push({ collection, keys });
    }
    return taken;
  }

  /** What was taken is written, or its collection stopped. */
  done(taken: readonly TakenTouches[]): void {
    for (const { collection, keys } of taken)
      this.#inHand.set(collection, (this.#inHand.get(collection) ?? 0) - keys.size);
    this.#moved.fire();
  }

  /** What was taken could not be written: it waits again. */
  putBack(taken: readonly TakenTouches[]): void {
    for (const { collection, keys } of taken)
      for (const [key, touch] of keys) this.#put(collection, key, touch);
    this.done(taken);
  }

  /** Forgets what waits for a collection that stopped. */
  forget(collection: string): void {
    this.#count -= this.#waiting.get(collection)?.size ?? 0;
    this.#waiting.delete(collection);
    this.#moved.fire();
  }

  #put(collection: string, key: Key, touch: Touch): void {
    let waiting = this.#waiting.get(collection);
    if (waiting === undefined) {
      waiting = new Map();
      this.#waiting.set(collection, waiting);
    }
    const known = waiting.get(key);
    if (known === undefined) this.#count += 1;
    waiting.set(key, { mayLeave: touch.mayLeave || (known?.mayLeave ?? false) });
  }
}
