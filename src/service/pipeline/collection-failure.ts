import type { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionFailure } from '../results.ts';

export const collectionFailure = (
  collection: string,
  { code, message, cure }: LockstepError,
): CollectionFailure => ({ collection, code, message, cure });
