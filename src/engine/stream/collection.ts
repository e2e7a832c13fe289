import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Target } from '../../protocol/writer.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import type { CarriedRows } from './carried-rows.ts';

/** One collection of a stream. */
export interface StreamCollection {
  readonly name: string;
  readonly plan: CollectionPlan;
  readonly target: Target;
  /** For reading it again by key: each read sees the newest state. */
  readonly work: CollectionWork;
  /** Null: every change is read again. */
  readonly carried: CarriedRows | null;
  /** Why nothing of it is written at present; null: all is well. Its changes are dropped, and it is walked before it goes on. */
  stopped: string | null;
}
