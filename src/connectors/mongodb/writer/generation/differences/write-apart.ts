import type { Change } from '../../../../../protocol/change.ts';
import { type LockstepError, toLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../../../../protocol/errors/refusal.ts';
import type { Key } from '../../../../../protocol/names.ts';

/** By key, what the destination refuses and why. */
export type RefusedKeys = Map<Key, LockstepError>;

/**
 * Writes changes to a copy, and where it refuses them as a whole, halves until those that are to blame stand alone: each half that goes
 * through is durable. What else fails is thrown.
 */
export async function writeApart(
  changes: readonly Change[],
  refused: RefusedKeys,
  write: (some: readonly Change[]) => Promise<void>,
): Promise<void> {
  const [only] = changes;
  if (only === undefined) return;
  try {
    return await write(changes);
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (!isRefusal(error)) throw thrown;
    if (changes.length === 1) {
      refused.set(only.key, error);
      return;
    }
  }
  const middle = changes.length >> 1;
  await writeApart(changes.slice(0, middle), refused, write);
  await writeApart(changes.slice(middle), refused, write);
}
