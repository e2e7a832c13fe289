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
  { isMarked, hasLetter }: SortOptions,
): SortedOut {
  const sorted: SortedOut = { changes: [], touches: [], failures: [], apart: [], toldThere: new Set() };
  const { carried, plan } = collection;
  const doubtful = doubtfulKeys(plan, merged);
  const taken = merged.moved === null ? null : new Set(merged.moved.moves.map(({ to }) => to));
  merged.forEach((change, key) => {
    // A row that takes this key would be lost under its former one, which leaves with the window.
    if (hasLetter(key) && taken?.has(key) !== true) sorted.apart.push(key);
    else if (carried === null || change.kind === 'touch' || isMarked(key) || doubtful?.has(key) === true)
      addTouch(sorted, { key, change, taken });
    else if (change.kind === 'delete') sorted.changes.push({ kind: 'leave', key });
    else if (plan.map === null && change.complete)
      sorted.changes.push(new CarriedUpsert(key, change, carried));
    else addRow({ plan, carried }, { key, change, taken }, sorted);
  });
  return sorted;
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

/** The row is made when it is written. */
class CarriedUpsert {
  readonly key: Key;
  readonly #told: KeyedChange['change'];
  readonly #carried: CarriedRows;

  constructor(key: Key, told: KeyedChange['change'], carried: CarriedRows) {
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

interface Carrying {
  readonly plan: CollectionPlan;
  readonly carried: CarriedRows;
}

interface KeyedChange extends Touched {
  readonly change: Extract<Merged, { readonly row: Row }>;
}

/** A row that is mapped, or that was not told whole. */
function addRow(collection: Carrying, { key, change, taken }: KeyedChange, sorted: SortedOut): void {
  const { plan, carried } = collection;
  const { kind, complete } = change;
  if (plan.map !== null && complete) addMapped(collection, { key, row: change.row }, sorted);
  else if (plan.map !== null || kind === 'insert') addTouch(sorted, { key, change, taken });
  else sorted.changes.push({ kind: 'patch', key, row: renameRow(carried, change.row) });
}

function addMapped(
  { plan }: Carrying,
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
