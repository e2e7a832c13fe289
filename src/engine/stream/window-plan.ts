import type { Change } from '../../protocol/change.ts';
import type { Key, Position } from '../../protocol/names.ts';
import type { WindowPart } from '../../protocol/writer.ts';
import type { StreamCollection } from './collection.ts';
import type { RefusedKey } from './letter-book.ts';

/** One collection's share of what is about to be written. */
export interface PlannedPart {
  readonly collection: StreamCollection;
  changes: Change[];
  /** Keys whose leaving somebody allowed already. */
  readonly mayLeave: ReadonlySet<Key>;
}

/** What is about to be written in one transaction. */
export interface WindowPlan {
  readonly parts: Map<string, PlannedPart>;
  /** Keys that were read again: no older change of them may follow. */
  readonly read: Map<string, readonly Key[]>;
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

export const toWritten = ({ collection, changes }: PlannedPart): WindowPart => ({
  target: collection.target,
  changes,
});

export const emptyPlan = (): WindowPlan => ({
  parts: new Map(),
  read: new Map(),
  refused: new Map(),
  apart: new Map(),
});
