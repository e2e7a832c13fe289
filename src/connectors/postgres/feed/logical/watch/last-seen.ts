import type { TableEvent, TableState } from './table-states.ts';

/** What was seen last; outlives a connection, and the feed where plans are made anew, so that what happens between two is noticed too. */
export interface LastSeen {
  states: readonly TableState[] | null;
  /** Tables that have other files. A truncation explains that, and the stream may be a moment behind the catalogue. */
  rewritten: readonly TableEvent[];
  /** By oid: when the stream told of a truncation, in `performance.now()` milliseconds. */
  readonly truncated: Map<number, number>;
}

const lives = new WeakMap<object, LastSeen>();

/** Of the feed that was open in this life before, if there was one. */
export function lastSeenIn(life: object = {}): LastSeen {
  const known = lives.get(life);
  if (known !== undefined) return known;
  const fresh: LastSeen = { states: null, rewritten: [], truncated: new Map() };
  lives.set(life, fresh);
  return fresh;
}
