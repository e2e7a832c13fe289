import type { KeyMove } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';

/**
 * Which rows have other keys now than at the beginning, without I/O: of each row the key that it had then, however often its key changed
 * since. Rows that came into being since have none.
 */
export class MovedKeys {
  /**
   * Of the row that has a key now: the key that it had, which is the same one if it came back. Null: none of the beginning's rows is there.
   * Absent: the row that was there never went away.
   */
  readonly #origins = new Map<Key, Key | null>();
  /** Keys whose rows of the beginning are gone, whatever their keys were in the end, as far as that matters to a move. */
  readonly #gone = new Set<Key>();

  /** Keys that rows came to or went away from. */
  has(key: Key): boolean {
    return this.#origins.has(key);
  }

  /** `wasTaken`: something was told of a row that had `to` before; it must be gone. */
  move(from: Key, to: Key, { wasTaken }: { readonly wasTaken: boolean }): void {
    const origin = this.#originOf(from);
    if (wasTaken && !this.#origins.has(to)) this.#gone.add(to);
    this.#origins.set(from, null);
    this.#origins.set(to, origin);
  }

  /** The row that has this key now is deleted. */
  remove(key: Key): void {
    const origin = this.#origins.get(key);
    if (origin === undefined) return;
    if (origin !== null) this.#gone.add(origin);
    this.#origins.set(key, null);
  }

  /** All of another's, which came later. `wasTaken`: see `move`. */
  append(later: MovedKeys, wasTaken: (key: Key) => boolean): void {
    const gone = [...later.#gone].map((key) => this.#originOf(key)).filter((key) => key !== null);
    const origins = [...later.#origins].map(
      ([key, from]) => [key, from === null ? null : this.#originOf(from)] as const,
    );
    const wentOn = new Set(later.#origins.values());
    for (const [key, origin] of origins)
      if (origin !== null && wasTaken(key) && !this.#origins.has(key) && !wentOn.has(key)) gone.push(key);
    for (const key of gone) this.#gone.add(key);
    for (const [key, origin] of origins) this.#origins.set(key, origin);
  }

  /** One per row that has another key now. */
  get moves(): readonly KeyMove[] {
    const moves: KeyMove[] = [];
    for (const [to, from] of this.#origins)
      if (from !== null && from !== to) moves.push({ from, to, displaces: this.#gone.has(to) });
    return moves;
  }

  #originOf(key: Key): Key | null {
    const origin = this.#origins.get(key);
    return origin === undefined ? key : origin;
  }
}
