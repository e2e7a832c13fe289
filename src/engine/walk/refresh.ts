import type { SuspectSink } from './compare-partitions.ts';
import type { Member } from './member.ts';

/** What a pass does about what it finds to differ in targets that have rows already. */
export interface Refresh {
  /** For one comparison of a member; what an earlier one of it found is forgotten. */
  sink(member: Member): Promise<SuspectSink>;
  /** Once all are compared, children first: takes out what does not belong, as far as the guard lets it. */
  leave(member: Member): Promise<void>;
  /** Once all was found. */
  bringIn(members: readonly Member[]): Promise<void>;
}
