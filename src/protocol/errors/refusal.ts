import { type LockstepError, toLockstepError } from './lockstep-error.ts';

/** The destination refuses a row: for a reason of its own (`change`), or because of another key (`deferred`). Others may go through. */
export const isRefusal = ({ class: kind }: Pick<LockstepError, 'class'>): boolean =>
  kind === 'change' || kind === 'deferred';

/** Null: it went through. What is no refusal is thrown as it is. */
export async function refusalOf(work: () => Promise<void>): Promise<LockstepError | null> {
  try {
    await work();
    return null;
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (!isRefusal(error)) throw thrown;
    return error;
  }
}
