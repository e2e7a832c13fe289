import type { Key, Position } from '../../protocol/names.ts';

/** Above this many keys of a collection the collection is marked instead: memory stays bounded however far behind the stream is. */
const mostKeys = 100_000;

/** Whether the stream, which stands at the first position, has reached the second. */
export type Reached = (at: Position, until: Position) => boolean;

/**
 * Which keys must be read again rather than written as the stream tells them, because they were read once: what they were read as may be
 * newer than what the stream still has to tell. Until the stream has passed the head that was taken after the read, each of their changes
 * is a touch, so no older row follows a newer one. A collection may be marked as a whole. Without I/O: what must outlive a crash is
 * `durable`, one position per collection, kept by the destination with the rows.
 */
export class TouchMarks {
  readonly #byCollection = new Map<string, CollectionMarks>();
  readonly #marked = new Map<string, number>();

  /** How often marks of the collection were made: whether something of it was read meanwhile. */
  marked(collection: string): number {
    return this.#marked.get(collection) ?? 0;
  }

  isMarked(collection: string, key: Key): boolean {
    const marks = this.#byCollection.get(collection);
    return marks !== undefined && (marks.whole !== null || marks.keys.has(key));
  }

  hasAny(collection: string): boolean {
    return this.#byCollection.has(collection);
  }

  /** A key that is marked again is marked by the newer read, all of which is at or before the new place. */
  mark(collection: string, keys: Iterable<Key>, until: Position): void {
    const marks = this.#of(collection);
    const marked = [...keys];
    for (const key of marked) marks.keys.set(key, until);
    marks.queue.push({ until, keys: marked });
    if (marks.keys.size > mostKeys || marks.whole !== null) marks.markWhole(until);
  }

  markWhole(collection: string, until: Position): void {
    this.#of(collection).markWhole(until);
  }

  /** Whether the collection still has a mark when the stream has come to this position. */
  outlives(collection: string, at: Position, reached: Reached): boolean {
    const marks = this.#byCollection.get(collection);
    return marks?.outlives(at, reached) ?? false;
  }

  /** The stream has come to this position, durably: takes away what it passed. Returns the collections that have no mark any more. */
  passed(at: Position, reached: Reached): readonly string[] {
    const cleared: string[] = [];
    for (const [name, marks] of this.#byCollection) {
      marks.pass(at, reached);
      if (!marks.isEmpty) continue;
      this.#byCollection.delete(name);
      cleared.push(name);
    }
    return cleared;
  }

  /** Of a collection that gets marks. */
  #of(collection: string): CollectionMarks {
    this.#marked.set(collection, this.marked(collection) + 1);
    const known = this.#byCollection.get(collection);
    if (known !== undefined) return known;
    const made = new CollectionMarks();
    this.#byCollection.set(collection, made);
    return made;
  }
}

class CollectionMarks {
  readonly keys = new Map<Key, Position>();
  readonly queue: { readonly until: Position; readonly keys: readonly Key[] }[] = [];
  whole: Position | null = null;

  get isEmpty(): boolean {
    return this.whole === null && this.keys.size === 0;
  }

  markWhole(until: Position): void {
    this.whole = until;
    this.keys.clear();
    this.queue.length = 0;
  }

  /** Heads only grow: the last one is the highest. */
  outlives(at: Position, reached: Reached): boolean {
    const last = this.queue.at(-1);
    const isMarked = this.whole !== null && !reached(at, this.whole);
    return isMarked || (last !== undefined && !reached(at, last.until));
  }

  pass(at: Position, reached: Reached): void {
    if (this.whole !== null && reached(at, this.whole)) this.whole = null;
    for (let first = this.queue[0]; first !== undefined && reached(at, first.until); first = this.queue[0]) {
      this.queue.shift();
      for (const key of first.keys) if (this.keys.get(key) === first.until) this.keys.delete(key);
    }
  }
}
