import type { FeedChange } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import type { Row } from '../../protocol/value.ts';

/**
 * What is left of all changes of one key.
 * - `row`: the row as the feed told it. `whole`: it is new under this key, so nothing that the target has there may be kept; else columns
 *   that it lacks are as they were
 * - `delete`: the row is gone
 * - `touch`: what it is now must be read
 */
export type Merged =
  | { readonly kind: 'row'; readonly row: Row; readonly whole: boolean }
  | { readonly kind: 'delete' }
  | { readonly kind: 'touch' };

const gone: Merged = { kind: 'delete' };
const touch: Merged = { kind: 'touch' };

/**
 * The changes of one collection, one per key: later columns win, and a column that a change does not name keeps its value. What can't be
 * known that way becomes a touch, and stays one.
 */
export class MergedChanges {
  readonly #byKey = new Map<Key, Merged>();

  get size(): number {
    return this.#byKey.size;
  }

  entries(): IterableIterator<[Key, Merged]> {
    return this.#byKey.entries();
  }

  get(key: Key): Merged | undefined {
    return this.#byKey.get(key);
  }

  add(change: FeedChange): void {
    switch (change.kind) {
      case 'insert':
      case 'update':
        if (change.previousKey === undefined) this.#byKey.set(change.key, this.#written(change));
        else this.#move(change, change.previousKey);
        return;
      case 'delete':
        this.#byKey.set(change.key, this.#byKey.get(change.key)?.kind === 'touch' ? touch : gone);
        return;
      case 'touch':
        this.#byKey.set(change.key, touch);
    }
  }

  /** All of another's changes, which came later. */
  addAll(later: MergedChanges): void {
    for (const [key, merged] of later.entries()) this.#byKey.set(key, follow(this.#byKey.get(key), merged));
  }

  #written(change: FeedChange & { kind: 'insert' | 'update' }): Merged {
    const { row } = change;
    return follow(this.#byKey.get(change.key), { kind: 'row', row, whole: change.kind === 'insert' });
  }

  /** The row goes on under another key: what is known of it goes with it, and nothing of what was there before stays. */
  #move(change: FeedChange & { kind: 'insert' | 'update' }, previousKey: Key): void {
    const before = this.#byKey.get(previousKey);
    const known = before?.kind === 'row' ? before.row : {};
    const moved: Merged = { kind: 'row', row: { ...known, ...change.row }, whole: true };
    this.#byKey.set(previousKey, before?.kind === 'touch' ? touch : gone);
    const isUnknown = this.#byKey.get(change.key)?.kind === 'touch' || before?.kind === 'touch';
    this.#byKey.set(change.key, isUnknown ? touch : moved);
  }
}

function follow(before: Merged | undefined, after: Merged): Merged {
  if (before === undefined) return after;
  if (before.kind === 'touch' || after.kind === 'touch') return touch;
  if (after.kind === 'delete' || after.whole) return after;
  // An update of what is gone: the feed left something out.
  if (before.kind === 'delete') return touch;
  return { kind: 'row', row: { ...before.row, ...after.row }, whole: before.whole };
}
