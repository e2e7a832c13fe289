import { type LockstepError, toLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Session } from '../../session/session.ts';

export type Step = () => Promise<void>;

/** What a refused attempt wrote, and its savepoint. Whoever goes on after a refusal of all orders begins with this. */
export const takeBack = 'ROLLBACK TO SAVEPOINT lockstep_order; RELEASE SAVEPOINT lockstep_order';

/**
 * Does the same steps in one order after the other until one goes through. Only a refusal that another order may cure
 * (unique, exclusion, foreign key) leads to the next; what the refused attempt wrote is taken back. What is told in the
 * end is the first refusal: those of later orders may only come from the order.
 */
export async function inSomeOrder(
  session: Session,
  orders: readonly (readonly Step[])[],
  signal: AbortSignal,
): Promise<void> {
  let refusal: LockstepError | null = null;
  for (const steps of orders) {
    if (refusal !== null) await session.execute(takeBack, { signal });
    const error = await attempt(session, steps, signal);
    if (error === null) return;
    const isRefusal = error.class === 'deferred' || (refusal !== null && error.class === 'change');
    if (!isRefusal) throw error;
    refusal ??= error;
  }
  if (refusal !== null) throw refusal;
}

async function attempt(
  session: Session,
  steps: readonly Step[],
  signal: AbortSignal,
): Promise<LockstepError | null> {
  try {
    await session.execute('SAVEPOINT lockstep_order', { signal });
    for (const step of steps) await step();
    await session.execute('RELEASE SAVEPOINT lockstep_order', { signal });
    return null;
  } catch (thrown) {
    return toLockstepError(thrown);
  }
}
