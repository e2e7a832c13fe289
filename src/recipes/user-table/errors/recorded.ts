import { isLockstepError, toError } from '../../../index.ts';
import type { ErrorType } from './entry.ts';
import type { SyncErrors } from './sync-errors.ts';

/** Runs a command's work: what it fails with is a row of `sync_errors`, which the next success resolves. */
export async function recorded<Result>(
  { errors, type }: { readonly errors: SyncErrors; readonly type: ErrorType },
  work: () => Promise<{ readonly result: Result; readonly isWell: boolean }>,
): Promise<Result> {
  try {
    const { result, isWell } = await work();
    if (isWell) errors.resolved([type]);
    return result;
  } catch (thrown) {
    const code = isLockstepError(thrown) ? thrown.code : 'internal';
    if (code !== 'interrupted') errors.failed(type, { message: toError(thrown).message, data: { code } });
    throw thrown;
  } finally {
    await errors.flush();
  }
}
