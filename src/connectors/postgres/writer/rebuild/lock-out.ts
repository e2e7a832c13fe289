import { isLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Session } from '../../session/session.ts';
import type { TargetModel } from '../model/target-model.ts';
import { Declined } from './declined.ts';

/** Whoever wants to read waits behind us while we wait, so it must be short. */
const patienceMs = 1_000;

const patience = `SELECT pg_catalog.current_setting('lock_timeout') AS patience`;
const setPatience = `SELECT pg_catalog.set_config('lock_timeout', $1, true)`;

/**
 * Readers and writers wait until the transaction ends: while its keys are off nobody can look anything up, and nobody is to see it half full.
 * Later locks have the patience that the session has.
 */
export async function lockOut(
  session: Session,
  { sql, collection }: TargetModel,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const { rows } = await session.query<{ patience: string }>(patience, undefined, { signal });
  await session.query(setPatience, [String(patienceMs)], { signal });
  try {
    await session.execute(`LOCK TABLE ONLY ${sql} IN ACCESS EXCLUSIVE MODE`, { signal, collection });
  } catch (thrown) {
    if (!isLockstepError(thrown, 'lock-timeout')) throw thrown;
    throw new Declined('somebody is using it');
  }
  await session.query(setPatience, [rows[0]?.patience ?? '0'], { signal });
}
