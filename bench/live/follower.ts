import type { ProcessCost } from '../harness/process-cost.ts';
import type { Sides } from './sides.ts';

/** Somebody who brings the changes of a source to its target; or who only burdens the source. Disposing it ends it at once. */
export interface Follower extends AsyncDisposable {
  /** False: the target stays as it is, so there is no truth to look for. */
  readonly follows: boolean;
  /** Begins, or goes on; returns as soon as it was asked. */
  start(): Promise<void>;
  /** What was there is copied, and changes flow. */
  ready(): Promise<void>;
  /** Throws when it has ended by itself or is in trouble. */
  expectAlive(): Promise<void>;
  /** Since it was started; what a peer costs is not ours to count. */
  cost(): ProcessCost;
  /** Ends in peace, so that it can go on. */
  stop(): Promise<void>;
}

export type FollowerOf = (sides: Sides) => Follower;
