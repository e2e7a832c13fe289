import type { Change, KeyMove } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import { keyDoubt } from '../plan/key-doubt.ts';
import type { StreamCollection } from './collection.ts';
import type { LetterBook } from './letter-book.ts';
import type { MergedChanges } from './merged-changes.ts';
import type { Touch } from './touch-queue.ts';
import { type PlannedPart, plainPart } from './window-plan.ts';

/** All of the source's rows belong: one that is not read is not there. */
export const isWhole = ({ plan }: StreamCollection): boolean => plan.filter === null && plan.map === null;

export interface PartFacts {
  readonly merged: MergedChanges | undefined;
  readonly asked: ReadonlyMap<Key, Touch>;
  /** Keys that were read. */
  readonly keys: ReadonlySet<Key>;
  readonly letters: LetterBook;
}

/** Changes of a collection with what must be known of keys that changed. */
export function partOf(collection: StreamCollection, changes: Change[], facts: PartFacts): PlannedPart {
  const { merged, asked, keys, letters } = facts;
  const { name } = collection;
  const told = movesOf(collection, merged);
  const again = letters.refusedMoves.of(name).filter(({ to }) => keys.has(to));
  const waiting = letters.spared(name);
  const plain = plainPart(collection, changes);
  const mayLeave = asked.size === 0 ? plain.mayLeave : new Set(allowedOf(asked));
  // Nearly always.
  if (told.length === 0 && again.length === 0 && waiting.size === 0) return { ...plain, mayLeave };
  const leaving = new Set(changes.filter(({ kind }) => kind === 'leave').map(({ key }) => key));
  const moves = told.filter(({ to }) => !leaving.has(to) || isWhole(collection));
  // A row that came here and is gone already most likely has another key again, which was not told yet.
  const passing = moves.map(({ to }) => to).filter((to) => leaving.has(to));
  const going = moves.flatMap(({ from, displaces }) => (displaces ? [] : [from]));
  return {
    ...plain,
    mayLeave: new Set([...mayLeave, ...going]),
    moves: [...moves, ...again],
    spared: new Set([...passing, ...waiting.intersection(leaving)]),
  };
}

const allowedOf = (asked: ReadonlyMap<Key, Touch>): readonly Key[] =>
  [...asked].filter(([, touch]) => touch.mayLeave).map(([key]) => key);

/** While a key may be had twice nobody knows which row has moved. */
const movesOf = ({ plan }: StreamCollection, merged: MergedChanges | undefined): readonly KeyMove[] =>
  merged === undefined || merged.moved === null || mayBeHadTwice(plan) ? [] : merged.moved.moves;

const mayBeHadTwice = (plan: StreamCollection['plan']): boolean =>
  plan.sourceShape.key?.deferrable === true || keyDoubt(plan) !== null;
