import { LockstepError, toError } from '../protocol/errors/lockstep-error.ts';

/** What goes wrong at the edge that HTTP is; the server knows protocol's types only. */

export const unauthorized = (): LockstepError => new LockstepError('http-unauthorized', {});

export const hostRefused = (): LockstepError => new LockstepError('http-host-refused', {});

export const notJson = (): LockstepError => new LockstepError('http-not-json', {});

export const pathUnknown = (): LockstepError => new LockstepError('http-not-found', {});

export const tokenNeeded = (address: string): LockstepError => new LockstepError('token-needed', { address });

export const listenFailed = (address: string, thrown: unknown): LockstepError =>
  new LockstepError('listen-failed', { address, detail: toError(thrown).message }, { cause: thrown });
