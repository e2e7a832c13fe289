import type { Change } from '../../protocol/change.ts';
import { toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../protocol/errors/refusal.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import type { Target, WriteOptions } from '../../protocol/writer.ts';

export interface Applied {
  readonly change: Change;
  readonly outcome: Outcome;
}

/**
 * Applies changes, and where the destination refuses them as a whole, finds out which: halves until those that are to blame stand alone.
 * Each half that goes through is durable. One poisoned row among a thousand costs about twenty transactions. Errors that are not the
 * fault of a row (transient, collection, pipeline) are thrown; repeating the call is harmless.
 */
export async function applySplitting(
  target: Pick<Target, 'apply'>,
  changes: readonly Change[],
  options: WriteOptions,
): Promise<readonly Applied[]> {
  if (changes.length === 0) return [];
  try {
    const outcomes = await target.apply(changes, options);
    return changes.map((change, index) => ({ change, outcome: outcomes[index] ?? { kind: 'unchanged' } }));
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (!isRefusal(error)) throw thrown;
    const [only] = changes;
    if (changes.length === 1 && only !== undefined)
      return [{ change: only, outcome: { kind: 'failed', error } }];
  }
  const middle = changes.length >> 1;
  const first = await applySplitting(target, changes.slice(0, middle), options);
  const second = await applySplitting(target, changes.slice(middle), options);
  return [...first, ...second];
}
