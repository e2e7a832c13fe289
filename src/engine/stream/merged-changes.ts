import type { FeedChange, RowBacking } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import type { Row } from '../../protocol/value.ts';
import { MovedKeys } from './moved-keys.ts';

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
      /** What the row as a whole was told in. */
      readonly backing?: RowBacking | undefined;
      /** An insert of a key that had a row before, which has left or moved. */
      readonly again?: true;
    }
  | { readonly kind: 'delete' }
  | {
      readonly kind: 'touch';
      /** A row that had the key was deleted, or may have been. */
      readonly gone?: true;
    };

type Told = Extract<Merged, { readonly row: Row }>;

const gone: Merged = { kind: 'delete' };
const touch: Merged = { kind: 'touch' };
const touchGone: Merged = { kind: 'touch', gone: true };

/**
 * The changes of one collection, one per key: later columns win, and a column that a change does not name keeps its value. What can't be
 * known that way becomes a touch, and stays one.
 */
export class MergedChanges {
  readonly #byKey = new Map<Key, Merged>();
  #moved: MovedKeys | null = null;

  /** Rows whose keys changed; null, which is nearly always: none. */
  get moved(): MovedKeys | null {
    return this.#moved;
  }

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
        this.#moved?.remove(change.key);
        this.#byKey.set(change.key, this.#byKey.get(change.key)?.kind === 'touch' ? touchGone : gone);
        return;
      case 'touch':
        this.#touch(change);
    }
  }

  /** All of another's changes, which came later. */
  addAll(later: MergedChanges): void {
    this.#appendMoves(later);
    later.forEach((merged, key) => {
      this.#byKey.set(key, follow(this.#byKey.get(key), merged));
    });
  }

  /** The row goes on under another key: what is known of it goes with it, and nothing of what was there before stays. */
  #move(change: FeedChange & { kind: 'insert' | 'update' }, previousKey: Key): void {
    this.#noteMove(previousKey, change.key);
    const before = this.#byKey.get(previousKey);
    const known = before !== undefined && 'row' in before ? before : { row: {}, complete: false };
    const row = change.complete ? change.row : { ...known.row, ...change.row };
    const moved: Merged = { kind: 'insert', row, complete: change.complete || known.complete, again: true };
    this.#byKey.set(previousKey, before?.kind === 'touch' ? touchGone : gone);
    const isUnknown = this.#byKey.get(change.key)?.kind === 'touch' || before?.kind === 'touch';
    this.#byKey.set(change.key, isUnknown ? touch : moved);
  }

  #touch(change: FeedChange & { kind: 'touch' }): void {
    const { key, previousKey } = change;
    if (change.gone === true) this.#moved?.remove(key);
    if (previousKey !== undefined) {
      this.#noteMove(previousKey, key);
      this.#byKey.set(previousKey, touchGone);
    }
    const before = this.#byKey.get(key);
    this.#byKey.set(key, change.gone === true || mayBeGone(before) ? touchGone : touch);
  }

  #noteMove(from: Key, to: Key): void {
    if (from === to) return;
    this.#moved ??= new MovedKeys();
    this.#moved.move(from, to, { wasTaken: this.#wasTaken(to) });
  }

  /** A row had the key that must be gone when another one takes it. A touch may come from the one that takes it. */
  #wasTaken(key: Key): boolean {
    const merged = this.#byKey.get(key);
    return merged !== undefined && (merged.kind !== 'touch' || merged.gone === true);
  }

  #appendMoves(later: MergedChanges): void {
    if (this.#moved === null && later.#moved === null) return;
    this.#moved ??= new MovedKeys();
    for (const [key, merged] of later.#byKey)
      if (later.#moved?.has(key) !== true && endsRow(merged)) this.#moved.remove(key);
    if (later.#moved !== null) this.#moved.append(later.#moved, (key) => this.#wasTaken(key));
  }
}

/** The row that had the key is gone, whether there is another one now or not. */
const endsRow = (merged: Merged): boolean =>
  mayBeGone(merged) || (merged.kind === 'insert' && merged.again === true);

/** What it says, without what makes it: a feed's change may be more than an object of values. */
const rowOf = ({ kind, complete, again }: Told) =>
  again === true ? { kind, complete, again } : { kind, complete };

/** A row that is new under its key, as it is by now; it is still made when it is needed. */
class Grown {
  readonly kind = 'insert';
  readonly complete = true;
  declare readonly again?: true;
  readonly #newest: Told;

  constructor({ again }: Told, newest: Told) {
    this.#newest = newest;
    if (again === true) this.again = again;
  }

  get row(): Row {
    return this.#newest.row;
  }

  get backing(): RowBacking | undefined {
    return this.#newest.backing;
  }
}

const mayBeGone = (merged: Merged | undefined): boolean =>
  merged !== undefined && (merged.kind === 'delete' || (merged.kind === 'touch' && merged.gone === true));

function follow(before: Merged | undefined, after: Merged): Merged {
  if (before === undefined) return after;
  if (before.kind === 'touch' || after.kind === 'touch')
    return mayBeGone(before) || mayBeGone(after) ? touchGone : touch;
  if (after.kind === 'delete') return after;
  if (after.kind === 'insert')
    return { kind: 'insert', row: after.row, complete: after.complete, again: true };
  // An update of what is gone: the feed left something out.
  if (before.kind === 'delete') return touchGone;
  // Most rows are told whole: what came before them says nothing more, but that there was none under the key.
  if (after.complete) return before.kind === 'insert' ? new Grown(before, after) : after;
  return { ...rowOf(before), row: { ...before.row, ...after.row } };
}
