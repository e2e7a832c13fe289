import { LockstepError } from './errors/lockstep-error.ts';
import type { Key } from './names.ts';

/** `key`: which it is, where that is known. */
export const keyRepeated = (collection: string, columns: readonly string[], key?: Key): LockstepError =>
  new LockstepError('key-repeated', {
    collection,
    columns: columns.join(', '),
    key: key === undefined ? '' : `: ${key}`,
  });
