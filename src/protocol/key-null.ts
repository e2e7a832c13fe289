import { LockstepError } from './errors/lockstep-error.ts';

export const keyNull = (collection: string, column: string, side: 'source' | 'target'): LockstepError =>
  new LockstepError('key-null', { collection, column, side });
