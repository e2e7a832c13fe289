import { LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';

/** Does something with a file that holds what does not fit into memory; what the file system refuses is told as such. Throws `spill-failed`. */
export async function spilling<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    throw spillFailed(path, thrown);
  }
}

/** Errors of the file system have a code; whatever else was thrown is no matter of the disk. */
function spillFailed(path: string, thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof LockstepError || !('code' in error)) return error;
  return new LockstepError('spill-failed', { path, detail: error.message }, { cause: error });
}
