import { LockstepError, toError } from '../protocol/errors/lockstep-error.ts';

/** What goes wrong at the edge that HTTP is; the server knows protocol's types only. */

export const unauthorized = (): LockstepError => new LockstepError('http-unauthorized', {});

export const onlyReads = (): LockstepError => new LockstepError('http-read-only', {});

export const hostRefused = (): LockstepError => new LockstepError('http-host-refused', {});

export const originRefused = (): LockstepError => new LockstepError('http-origin-refused', {});

export const pathUnknown = (): LockstepError => new LockstepError('http-not-found', {});

export const tokenNeeded = (address: string): LockstepError => new LockstepError('token-needed', { address });

export const limitInvalid = (most: number): LockstepError =>
  new LockstepError('usage', {
    detail: `limit must be a whole number from 1 to ${most}`,
    hint: 'For example ?limit=50',
  });

export const afterInvalid = (): LockstepError =>
  new LockstepError('usage', {
    detail: 'after must be the number of a dead letter',
    hint: 'Take `next` of the page before, for example ?after=100',
  });

export const generationInvalid = (given: string): LockstepError =>
  new LockstepError('usage', {
    detail: `${given} is no generation’s number`,
    hint: 'GET …/generations lists them; promote and rollback also take `newest`',
  });

export const bodyInvalid = (faults: readonly string[]): LockstepError =>
  new LockstepError('usage', {
    detail: `the body can’t be used: ${faults.join('; ')}`,
    hint: '/api/v1/openapi.json says what each path takes',
  });

export const bodyTooLarge = (most: number): LockstepError => bodyInvalid([`it is longer than ${most} bytes`]);

export const listenFailed = (address: string, thrown: unknown): LockstepError =>
  new LockstepError('listen-failed', { address, detail: toError(thrown).message }, { cause: thrown });
