import type { Change, KeyMove } from '../../protocol/change.ts';
import type { Key, Position } from '../../protocol/names.ts';
import type { Row } from '../../protocol/value.ts';
import type { WindowPart } from '../../protocol/writer.ts';
import type { StreamCollection } from './collection.ts';
import type { RefusedKey } from './letter-book.ts';

/** One collection's share of what is about to be written. */
export interface PlannedPart {
  readonly collection: StreamCollection;
  changes: Change[];
  /** Keys whose leaving somebody allowed already, or that are no leavings: their rows go on under other keys. */
  readonly mayLeave: ReadonlySet<Key>;
  /** See `WindowPart`. */
  moves: readonly KeyMove[];
  readonly spared: ReadonlySet<Key>;
  /** All its rows were given the values that they may have. */
  isChosen?: boolean;
  /** Rows that were given another value than their own, as they were before: what they are weighed by, should they be once more. */
  readonly own: Map<Key, Row>;
}

/** What is about to be written in one transaction. */
export interface WindowPlan {
  readonly parts: Map<string, PlannedPart>;
  /** Keys that were read again: no older change of them may follow. */
  readonly read: Map<string, readonly Key[]>;
  /** What so many of them (`covered`) were read as is at or before this place of the source; null: nobody said. */
  through: Position | null;
  covered: number;
  /** Keys that can't be written for a reason that is known before the destination was asked. */
  readonly refused: Map<string, readonly RefusedKey[]>;
  /** Keys with a letter whose change this window covers. */
  readonly apart: Map<string, readonly Key[]>;
}

/** Where the shard stands once a window is written, and until where what was read must be read again. */
export interface WindowPosition {
  readonly shard: string;
  readonly at: Position;
}

const none: ReadonlySet<Key> = new Set();

/** What is written as it was told, which is nearly everything. */
export const plainPart = (collection: StreamCollection, changes: Change[]): PlannedPart => ({
  collection,
  changes,
  mayLeave: none,
  moves: [],
  spared: none,
  own: new Map(),
});

export const toWritten = ({ collection, changes, moves, spared }: PlannedPart): WindowPart => ({
  target: collection.target,
  changes,
  moves,
  spared,
});

export const emptyPlan = (): WindowPlan => ({
  parts: new Map(),
  read: new Map(),
  through: null,
  covered: 0,
  refused: new Map(),
  apart: new Map(),
});

export function keysIn(read: WindowPlan['read']): number {
  let count = 0;
  for (const keys of read.values()) count += keys.length;
  return count;
}
