import { isLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Session } from '../../session/session.ts';
import type { TargetModel } from '../model/target-model.ts';
import { Declined, declineFor } from './declined.ts';
import { putBack, readIndexes, takeOff } from './index-statements.ts';
import { differencesOf, type Likeness, likenessOf } from './likeness.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/**
 * Fills an empty table that is locked, in the caller's transaction, with its keys and indexes off; after that they are exactly what they were.
 *
 * What has to be put back is put back once before, over the empty table, and compared: whatever can't be restored to the letter, for whatever
 * reason, is found out while it costs nothing.
 */
export async function withKeysOff<Result>(
  session: Session,
  model: TargetModel,
  { fill, signal }: SignalOption & { readonly fill: () => Promise<Result> },
): Promise<Result> {
  const { table, collection } = model;
  const before = await likenessOf(session, table.oid, { signal });
  const indexes = await readIndexes(session, table.oid, { signal });
  const off = takeOff(table, indexes);
  const on = indexes.map((index) => putBack(table, index));
  const run = async (statements: readonly string[]): Promise<void> => {
    for (const statement of statements) await session.execute(statement, { signal, collection });
  };
  await rehearsing(() => run([off, ...on]));
  await declineUnlike(session, model, { before, signal });
  await run([off]);
  const result = await fill();
  await run(on);
  await declineUnlike(session, model, { before, signal });
  return result;
}

/** What the server has against it is a reason; what has nothing to do with it is not. */
async function rehearsing(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    if (!isLockstepError(thrown) || thrown.class === 'transient' || thrown.code === 'interrupted')
      throw thrown;
    throw new Declined(`its keys can’t be put back: ${thrown.message}`);
  }
}

async function declineUnlike(
  session: Session,
  { table }: TargetModel,
  { before, signal }: SignalOption & { readonly before: Likeness },
): Promise<void> {
  const unlike = differencesOf(before, await likenessOf(session, table.oid, { signal }));
  declineFor(unlike.map((what) => `${what} would not be as it was`));
}
