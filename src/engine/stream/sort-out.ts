import type { Change, RowBacking } from '../../protocol/change.ts';
import type { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Key } from '../../protocol/names.ts';
import type { Row } from '../../protocol/value.ts';
import { mapChunk } from '../walk/map-rows.ts';
import { type CarriedRows, renameRow } from './carried-rows.ts';
import type { StreamCollection } from './collection.ts';
import type { Merged, MergedChanges } from './merged-changes.ts';
import type { MovedKeys } from './moved-keys.ts';

/** What the merged changes of one collection ask for. */
export interface SortedOut {
  /** Ready to be written, one per key. */
  readonly changes: Change[];
  /** Keys that must be read first. */
  readonly touches: Key[];
  /** Rows that the mapping function can't map. */
  readonly failures: { readonly key: Key; readonly error: LockstepError }[];
  /** Keys that have a letter: they are tried by themselves, after the window. */
  readonly apart: Key[];
  /** Keys of which the feed told a row and that must be read: when they are not there any more, the feed has yet to tell why. */
  readonly toldThere: Set<Key>;
}

export interface SortOptions {
  /** This key was read before, and the stream has not passed that yet. */
  readonly isMarked: (key: Key) => boolean;
  readonly hasLetter: (key: Key) => boolean;
}

/** Turns what a feed told of a collection into changes of its target, and names what can't be told without reading. */
export function sortOut(
  collection: StreamCollection,
  merged: MergedChanges,
  options: SortOptions,
): SortedOut {
  const sorted: SortedOut = { changes: [], touches: [], failures: [], apart: [], toldThere: new Set() };
  const { carried, plan } = collection;
  const taken = merged.moved === null ? null : new Set(merged.moved.moves.map(({ to }) => to));
  const isTold = toldBy(collection, merged, options);
  merged.forEach((change, key) => {
    // A row that takes this key would be lost under its former one, which leaves with the window.
    if (options.hasLetter(key) && taken?.has(key) !== true) sorted.apart.push(key);
    else if (carried === null || change.kind === 'touch' || !isTold(change, key))
      addTouch(sorted, { key, change, taken });
    else if (change.kind === 'delete') sorted.changes.push({ kind: 'leave', key });
    else if (plan.map !== null) addMapped(collection, { key, row: change.row }, sorted);
    else if (change.complete) sorted.changes.push(new CarriedUpsert(key, change, carried));
    else sorted.changes.push({ kind: 'patch', key, row: renameRow(carried, change.row) });
  });
  return sorted;
}

/** The keys that must be read before these changes can be written, as far as that is known before their turn. */
export function keysToRead(collection: StreamCollection, merged: MergedChanges, options: SortOptions): Key[] {
  const keys: Key[] = [];
  const isTold = toldBy(collection, merged, options);
  merged.forEach((change, key) => {
    if (!options.hasLetter(key) && !isTold(change, key)) keys.push(key);
  });
  return keys;
}

/** Whether a change says all that is needed: that a row is gone, or the row as it is now, or what of it changed where that can be written by itself. */
function toldBy(
  { carried, plan }: StreamCollection,
  merged: MergedChanges,
  { isMarked }: SortOptions,
): (change: Merged, key: Key) => boolean {
  const doubtful = doubtfulKeys(plan, merged);
  return (change, key) => {
    if (carried === null || change.kind === 'touch' || isMarked(key) || doubtful?.has(key) === true)
      return false;
    return change.kind === 'delete' || change.complete || (plan.map === null && change.kind === 'update');
  };
}

interface Touched {
  readonly key: Key;
  readonly change: Merged;
  /** Keys that rows which had others have now; null: none. */
  readonly taken: ReadonlySet<Key> | null;
}

function addTouch(sorted: SortedOut, { key, change, taken }: Touched): void {
  sorted.touches.push(key);
  // Feeds without rows need not tell changes of one key in the order in which they were made: a row that came here may be one that is gone.
  const isThere =
    'row' in change || (change.kind === 'touch' && change.gone !== true && taken?.has(key) !== true);
  if (isThere) sorted.toldThere.add(key);
}

/**
 * While a key may be had twice, nobody knows which of its rows a change speaks of: `a` becomes `b`, `b` becomes `a` may be one row that
 * comes back, or two that change places.
 */
const doubtfulKeys = (plan: CollectionPlan, { moved }: MergedChanges): MovedKeys | null =>
  moved !== null && plan.sourceShape.key?.deferrable === true ? moved : null;

type ToldRow = Extract<Merged, { readonly row: Row }>;

/** The row is made when it is written. */
class CarriedUpsert {
  readonly key: Key;
  readonly #told: ToldRow;
  readonly #carried: CarriedRows;

  constructor(key: Key, told: ToldRow, carried: CarriedRows) {
    this.key = key;
    this.#told = told;
    this.#carried = carried;
  }

  get kind(): 'upsert' {
    return 'upsert';
  }

  get row(): Row {
    return renameRow(this.#carried, this.#told.row);
  }

  get backing(): RowBacking | undefined {
    return this.#carried.asTheyAre ? this.#told.backing : undefined;
  }

  get isNew(): boolean {
    return this.#told.kind === 'insert' && this.#told.again !== true;
  }

  get isThere(): boolean {
    return this.#told.kind === 'update';
  }
}

function addMapped(
  { plan }: StreamCollection,
  { key, row }: { readonly key: Key; readonly row: Row },
  sorted: SortedOut,
): void {
  const { chunk, failures } = mapChunk(plan, { format: 'rows', rows: [row], backing: null });
  const [failure] = failures;
  const [mapped] = chunk.rows;
  if (failure !== undefined) sorted.failures.push({ key, error: failure.error });
  else if (mapped === undefined) sorted.changes.push({ kind: 'leave', key });
  else sorted.changes.push({ kind: 'upsert', key, row: mapped });
}
