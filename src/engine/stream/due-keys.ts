import type { Key } from '../../protocol/names.ts';

/** Keys and when each is to be tried next. Without I/O. */
export class DueKeys {
  readonly #byCollection = new Map<string, Map<Key, number>>();
  /** No key is due before this: may be too early, never too late. */
  #earliest = Number.POSITIVE_INFINITY;

  set(collection: string, key: Key, dueAtMs: number): void {
    const keys = this.#byCollection.get(collection);
    if (keys === undefined) this.#byCollection.set(collection, new Map([[key, dueAtMs]]));
    else keys.set(key, dueAtMs);
    this.#earliest = Math.min(this.#earliest, dueAtMs);
  }

  has(collection: string, key: Key): boolean {
    return this.#byCollection.get(collection)?.has(key) ?? false;
  }

  delete(collection: string, key: Key): void {
    this.#byCollection.get(collection)?.delete(key);
  }

  /** Null: nothing is ever due. */
  nextAtMs(): number | null {
    return this.#earliest === Number.POSITIVE_INFINITY ? null : this.#earliest;
  }

  /** Takes keys that are due now, at most so many, of collections that may be tried. */
  take(nowMs: number, most: number, isActive: (collection: string) => boolean): Map<string, readonly Key[]> {
    const taken = new Map<string, readonly Key[]>();
    if (nowMs < this.#earliest) return taken;
    let room = most;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [collection, keys] of this.#byCollection) {
      if (!isActive(collection)) continue;
      const due: Key[] = [];
      for (const [key, dueAtMs] of keys) {
        if (dueAtMs <= nowMs && due.length < room) due.push(key);
        else earliest = Math.min(earliest, dueAtMs);
      }
      for (const key of due) keys.delete(key);
      room -= due.length;
      if (due.length > 0) taken.set(collection, due);
    }
    this.#earliest = earliest;
    return taken;
  }
}
