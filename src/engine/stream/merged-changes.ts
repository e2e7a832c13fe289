import type { FeedChange } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import type { Row } from '../../protocol/value.ts';

/**
 * What is left of all changes of one key.
 * - `insert`: the row is new under this key, so nothing that the target has there may be kept
 * - `update`: columns that the row lacks are as they were
 * - `delete`: the row is gone
 * - `touch`: what it is now must be read
 */
export type Merged =
  | {
      readonly kind: 'insert' | 'update';
      readonly row: Row;
      /** The row has every column that was asked for. */
      readonly complete: boolean;
      /** An insert of a key that had a row before, which has left or moved. */
      readonly again?: true;
    }
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

  /** Without an object per change, which `entries` makes. */
  forEach(take: (merged: Merged, key: Key) => void): void {
    this.#byKey.forEach(take);
  }

  get(key: Key): Merged | undefined {
    return this.#byKey.get(key);
  }

  add(change: FeedChange): void {
    switch (change.kind) {
      case 'insert':
      case 'update':
        if (change.previousKey === undefined)
          this.#byKey.set(change.key, follow(this.#byKey.get(change.key), change));
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
    later.forEach((merged, key) => {
      this.#byKey.set(key, follow(this.#byKey.get(key), merged));
    });
  }

  /** The row goes on under another key: what is known of it goes with it, and nothing of what was there before stays. */
  #move(change: FeedChange & { kind: 'insert' | 'update' }, previousKey: Key): void {
    const before = this.#byKey.get(previousKey);
    const known = before !== undefined && 'row' in before ? before : { row: {}, complete: false };
    const row = change.complete ? change.row : { ...known.row, ...change.row };
    const moved: Merged = { kind: 'insert', row, complete: change.complete || known.complete, again: true };
    this.#byKey.set(previousKey, before?.kind === 'touch' ? touch : gone);
    const isUnknown = this.#byKey.get(change.key)?.kind === 'touch' || before?.kind === 'touch';
    this.#byKey.set(change.key, isUnknown ? touch : moved);
  }
}

/** What it says, without what makes it: a feed's change may be more than an object of values. */
const rowOf = ({ kind, complete, again }: Extract<Merged, { readonly row: Row }>) =>
  again === true ? { kind, complete, again } : { kind, complete };

function follow(before: Merged | undefined, after: Merged): Merged {
  if (before === undefined) return after;
  if (before.kind === 'touch' || after.kind === 'touch') return touch;
  if (after.kind === 'delete') return after;
  if (after.kind === 'insert')
    return { kind: 'insert', row: after.row, complete: after.complete, again: true };
  // An update of what is gone: the feed left something out.
  if (before.kind === 'delete') return touch;
  // Most rows are told whole: what came before them says nothing more.
  if (after.complete) return after;
  return { ...rowOf(before), row: { ...before.row, ...after.row } };
}
