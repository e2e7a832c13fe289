import type { Change } from '../../../../protocol/change.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { Deployment } from '../../session/deployment.ts';

export interface WrittenPart {
  readonly collection: string;
  readonly changes: readonly Pick<Change, 'kind'>[];
  /** One for each. */
  readonly outcomes: readonly Outcome[];
}

/**
 * The server makes a collection that is not there in the transaction that writes it, and a target that was dropped would come back with no
 * more than one window. Where nothing of it was found it is looked for from outside, which does not see what the transaction has made.
 */
export async function requireStillThere(
  deployment: Deployment,
  { collection, changes, outcomes }: WrittenPart,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const isFound = ({ kind }: Outcome, index: number): boolean =>
    kind === 'unchanged' ? changes[index]?.kind !== 'leave' : kind !== 'inserted';
  const mayBeNew = outcomes.some(isNew) && !outcomes.some(isFound);
  if (!mayBeNew) return;
  const found = await deployment.db
    .listCollections({ name: collection }, { nameOnly: true, signal })
    .toArray();
  if (found.length === 0) throw new LockstepError('collection-gone', { collection });
}

const isNew = ({ kind }: Outcome): boolean => kind === 'inserted';
