import { LockstepError, toError } from '../protocol/errors/lockstep-error.ts';

/** What goes wrong at the edge that HTTP is; the server knows protocol's types only. */

export const unauthorized = (): LockstepError => new LockstepError('http-unauthorized', {});

export const hostRefused = (): LockstepError => new LockstepError('http-host-refused', {});

export const originRefused = (): LockstepError => new LockstepError('http-origin-refused', {});

export const pathUnknown = (): LockstepError => new LockstepError('http-not-found', {});

export const tokenNeeded = (address: string): LockstepError => new LockstepError('token-needed', { address });

export const limitInvalid = (most: number): LockstepError =>
  new LockstepError('usage', {
    detail: `limit must be a whole number from 1 to ${most}`,
    hint: 'For example ?limit=50',
  });

export const listenFailed = (address: string, thrown: unknown): LockstepError =>
  new LockstepError('listen-failed', { address, detail: toError(thrown).message }, { cause: thrown });
