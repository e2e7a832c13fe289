import type { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { SuspectSink } from './compare-partitions.ts';
import type { Member } from './member.ts';
import type { Replacing } from './replace.ts';

/** What a pass does about what it finds to differ in targets that have rows already. */
export interface Refresh {
  /** For one comparison of a member; what an earlier one of it found is forgotten. */
  sink(member: Member): Promise<SuspectSink>;
  /** Targets of plans that say so are replaced as a whole, with a key or without. */
  readonly swaps: boolean;
  /** How a member without a key, or one that is swapped, which differs, gets all its rows anew. */
  replacing(member: Member): Replacing;
  /** Once all are compared, children first: takes out what does not belong, as far as the guard lets it. */
  leave(member: Member): Promise<void>;
  /** Once all was found. */
  bringIn(members: readonly Member[]): Promise<BroughtIn>;
}

/** What did not come in. */
export interface BroughtIn {
  /** Members that the destination refuses as a whole. */
  readonly refused: ReadonlyMap<Member, LockstepError>;
  /** Members whose share waits for somebody's word: nothing else is written to them meanwhile. */
  readonly waiting: ReadonlySet<Member>;
}

export const nothingLeft: BroughtIn = { refused: new Map(), waiting: new Set() };
