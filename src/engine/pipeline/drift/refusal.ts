import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';

/**
 * The destination's word that a target can't be changed so: a matter of one collection. What passes is none, nor what ends the pipeline.
 * A server has more reasons to refuse than have codes here; those are `internal`.
 */
export const isRefusal = (thrown: unknown): thrown is LockstepError =>
  thrown instanceof LockstepError &&
  (thrown.code === 'internal' || (thrown.class !== 'transient' && thrown.class !== 'pipeline'));
