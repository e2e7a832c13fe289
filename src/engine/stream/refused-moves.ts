import type { KeyMove } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';

/**
 * Rows whose new keys the destination refused, as long as both keys have their letters: tried again, they are tried together. In memory:
 * a process that starts anew knows of their letters only that the former key must take nothing else with it.
 */
export class RefusedMoves {
  readonly #byCollection = new Map<string, readonly KeyMove[]>();

  refused(collection: string, moves: readonly KeyMove[]): void {
    if (moves.length === 0) return;
    const news = new Set(moves.map(({ to }) => to));
    const others = this.of(collection).filter(({ to }) => !news.has(to));
    // When it is tried again nobody knows any more what has happened to other rows meanwhile.
    const kept = moves.map(({ from, to }) => ({ from, to, displaces: false }));
    this.#byCollection.set(collection, [...others, ...kept]);
  }

  of(collection: string): readonly KeyMove[] {
    return this.#byCollection.get(collection) ?? [];
  }

  /** With keys that are tried goes whoever is the other end of a move. */
  withOtherEnds(collection: string, keys: Set<Key>): void {
    for (const { from, to } of this.of(collection))
      if (keys.has(from) || keys.has(to)) keys.add(from).add(to);
  }

  /** These keys are right now. */
  resolved(collection: string, keys: readonly Key[]): void {
    const moves = this.of(collection);
    if (moves.length === 0) return;
    const right = new Set(keys);
    const left = moves.filter(({ from, to }) => !right.has(from) && !right.has(to));
    if (left.length === 0) this.#byCollection.delete(collection);
    else this.#byCollection.set(collection, left);
  }
}
