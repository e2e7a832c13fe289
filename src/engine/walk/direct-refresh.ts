import type { SuspectSink } from './compare-partitions.ts';
import type { LeavingGuard } from './guard.ts';
import { leaveKeys } from './leave.ts';
import type { Member } from './member.ts';
import { type BroughtIn, nothingLeft, type Refresh } from './refresh.ts';
import { RepairSink } from './repair.ts';
import { type Replacing, replacingAtOnce } from './replace.ts';
import { writeChanges } from './write-rows.ts';

/** Writes what differs as it is found, in transactions of some hundred rows. */
export class DirectRefresh implements Refresh {
  readonly swaps = false;
  readonly #guard: LeavingGuard;

  constructor(guard: LeavingGuard) {
    this.#guard = guard;
  }

  async sink({ work, deferred, leaving }: Member): Promise<SuspectSink> {
    return new RepairSink(work, deferred, leaving);
  }

  replacing({ work }: Member): Replacing {
    return replacingAtOnce(work, this.#guard);
  }

  async leave({ work, deferred, leaving }: Member): Promise<void> {
    const { signal } = work.context;
    const isHeld = await leaveKeys(work, leaving, {
      guard: this.#guard,
      writesHeld: false,
      write: (changes) => writeChanges(work, changes, { deferred, signal }),
    });
    if (!isHeld) await this.#guard.clear(work);
  }

  /** It is there already. */
  async bringIn(): Promise<BroughtIn> {
    return nothingLeft;
  }
}
