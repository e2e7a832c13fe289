import { isLockstepError, LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionWork } from './collection-work.ts';
import { leaseOf } from './context.ts';
import { retrying } from './retrying.ts';

export type FinishStep = 'keys' | 'references' | 'sequences';

/** One of the things that a target gets once its rows are there. A repeat does what is missing. */
export async function finish({ context, plan, target }: CollectionWork, step: FinishStep): Promise<void> {
  const { signal } = context;
  await retrying(context, { what: `finish ${plan.name}`, signal }, async () => {
    const sourceNow = async () =>
      (await context.reader.describe(plan.source, { signal })) ?? plan.sourceShape;
    await target.finish({ lease: leaseOf(context), signal, sourceNow, step });
  });
}

/**
 * Keys as soon as the rows were copied, so that what follows finds rows by them. False: rows that were copied at different moments hold
 * the same unique value, which ends when they are compared at one.
 */
export async function finishKeysIfPossible(work: CollectionWork): Promise<boolean> {
  try {
    await finish(work, 'keys');
    return true;
  } catch (thrown) {
    if (!isLockstepError(thrown, 'unique-conflict')) throw thrown;
    return false;
  }
}

/**
 * Constraints, at the end of the pass. Rows that were parked may leave others without what they refer to, or with what they should have
 * given up: then the constraint waits for a run that finds the letters cured. Without letters the source itself breaks it.
 */
export async function finishConstraints(work: CollectionWork, step: 'keys' | 'references'): Promise<void> {
  const { context, plan } = work;
  const { pipeline, store, events } = context;
  try {
    await finish(work, step);
  } catch (thrown) {
    if (!isLockstepError(thrown, 'reference-missing') && !isLockstepError(thrown, 'unique-conflict'))
      throw thrown;
    const constraint = thrown.details['constraint'] ?? '';
    if ((await store.deadLetters.count(pipeline)) === 0)
      throw new LockstepError('constraint-unmet', { collection: plan.name, constraint }, { cause: thrown });
    const message = `${plan.name}: ${constraint} is made once the dead letters are cured`;
    events.emit('notice', { pipeline, side: 'destination', message });
  }
}
