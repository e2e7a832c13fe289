import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { DeferredSet } from '../apply/deferral.ts';
import type { CollectionWork } from './collection-work.ts';
import type { Spool } from './spool.ts';

/** One collection of a pass. */
export interface Member {
  readonly plan: CollectionPlan;
  readonly work: CollectionWork;
  readonly deferred: DeferredSet;
  /** Rows that got another value than their own in this pass. */
  readonly beaten: Spool;
  /** Made anew by each comparison, which finds all that leave. */
  leaving: Spool;
  /** The moment at which it was last read completely; `torn`: never in one. */
  generation: number;
  /** Only what changed since its cursor is read of it. */
  readonly readsSince: boolean;
  /** Its keys and indexes are built. */
  keyed: boolean;
}
