import { LockstepError } from '../protocol/errors/lockstep-error.ts';

/** Its server does not answer, or not now: passes by itself. `label`: where it is, without secrets. */
export const storeUnreachable = (label: string, detail: string, cause?: unknown): LockstepError =>
  new LockstepError('store-unreachable', { address: label, detail }, { cause });

/** It is not as it should be: stays until a person does something. `label`: of a file its path. */
export const storeUnusable = (label: string, detail: string, cause?: unknown): LockstepError =>
  new LockstepError('store-unusable', { path: label, detail }, { cause });
