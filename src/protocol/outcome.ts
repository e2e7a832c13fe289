import type { LockstepError } from './errors/lockstep-error.ts';

/**
 * What became of one change at the destination; durable when it is returned.
 * - `inserted`, `updated`, `left`: written; `unchanged`: it was so already, nothing was written
 * - `stale`: the target holds a newer version
 * - `clash`: the key exists at the target and is outside our scope: left alone, reported
 * - `conflict`: both sides changed it (two-way)
 * - `failed`: refused for the reason given; nothing of this change was written
 */
export type Outcome =
  | { readonly kind: 'inserted' | 'updated' | 'left' | 'unchanged' | 'stale' | 'clash' | 'conflict' }
  | { readonly kind: 'failed'; readonly error: LockstepError };

export type OutcomeKind = Outcome['kind'];

/** What a bulk write did. `clashes` are rows outside our scope that have one of our keys; they were left alone. */
export interface WriteCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly clashes: number;
}
