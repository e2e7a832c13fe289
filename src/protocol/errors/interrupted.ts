import { LockstepError, toError } from './lockstep-error.ts';

/** The error of work that its signal ended. The reason itself when it is one of ours: a lost lease is no request to stop. */
export function interruptedBy(signal: AbortSignal): LockstepError {
  const reason: unknown = signal.reason;
  if (reason instanceof LockstepError) return reason;
  return new LockstepError('interrupted', { detail: toError(reason).message }, { cause: reason });
}
