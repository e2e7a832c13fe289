import { type LockstepError, toLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { Session } from '../../../session/session.ts';
import { deleteOurs } from '../../write/replace.sql.ts';
import type { Member } from '../member.ts';
import { insertWhole } from './whole.sql.ts';

export interface RefusedWhole {
  readonly member: Member;
  readonly error: LockstepError;
}

/** Inside the sieve's transaction, when all else is there: which targets without a key the destination refuses, each as a whole. */
export async function siftWholes(
  session: Session,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<readonly RefusedWhole[]> {
  const refused: RefusedWhole[] = [];
  for (const member of members) {
    const error = await refusalOf(session, member, signal);
    if (error !== null) refused.push({ member, error });
  }
  return refused;
}

async function refusalOf(
  session: Session,
  { model, kept }: Member,
  signal: AbortSignal,
): Promise<LockstepError | null> {
  const options = { signal, collection: model.collection };
  await session.execute('SAVEPOINT lockstep_whole', options);
  try {
    await session.execute(`${deleteOurs(model)};\n${insertWhole(model, kept)}`, options);
    return null;
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (error.class !== 'change' && error.class !== 'deferred') throw thrown;
    await session.execute('ROLLBACK TO SAVEPOINT lockstep_whole', options);
    return error;
  }
}
