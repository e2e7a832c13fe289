import type { Session, StatementOptions } from './session.ts';

/** Ends a transaction that was for trying only. */
class TakenBack extends Error {}

/** A transaction of which nothing stays, however it ends. */
export async function trialTransaction(
  session: Session,
  work: () => Promise<void>,
  options: StatementOptions,
): Promise<void> {
  try {
    await session.transaction(async () => {
      await work();
      throw new TakenBack();
    }, options);
  } catch (thrown) {
    if (!(thrown instanceof TakenBack)) throw thrown;
  }
}
