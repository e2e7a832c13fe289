import { isLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../../protocol/failpoints.ts';
import type { PreparedStep } from '../../../../../protocol/writer.ts';
import { quoteIdentifier } from '../../../names.ts';
import type { Session } from '../../../session/session.ts';
import { ownMark, readPublication } from '../publication/plan-publication.ts';
import { dropSlot } from '../slot/drop-slot.ts';
import { readSlotState } from '../slot/slot-state.ts';
import { type CaptureSetup, slotPatienceMs } from './capture-setup.ts';

/** Takes slot and publication away. What is somebody else's, in use or out of reach stays and is named. */
export async function removeCapture(setup: CaptureSetup, signal: AbortSignal): Promise<PreparedStep[]> {
  return await setup.pool.use(
    async (session) => [
      ...(await removeSlot(session, setup, signal)),
      ...(await removePublication(session, setup, signal)),
    ],
    { signal },
  );
}

async function removeSlot(
  session: Session,
  { names }: CaptureSetup,
  signal: AbortSignal,
): Promise<PreparedStep[]> {
  const { slot, applicationName } = names;
  const { slot: state } = await readSlotState(session, slot, { signal });
  if (state === null) return [];
  if (!state.isOurs) return [left(`the slot ${slot}, which belongs to ${state.database}`)];
  const statement = `SELECT pg_drop_replication_slot('${slot}')`;
  const isGone = await dropSlot(session, { slot, applicationName, patienceMs: slotPatienceMs, signal });
  if (!isGone) return [left(`the slot ${slot}, which process ${state.activePid ?? '?'} reads`, statement)];
  return [{ what: `the slot ${slot} was dropped`, statement }];
}

async function removePublication(
  session: Session,
  { names, pipeline }: CaptureSetup,
  signal: AbortSignal,
): Promise<PreparedStep[]> {
  const { publication: name } = names;
  const publication = await readPublication(session, name, { signal });
  if (publication === null) return [];
  if (publication.comment !== ownMark(pipeline))
    return [left(`the publication ${name}, which was not made by us`)];
  const statement = `DROP PUBLICATION ${quoteIdentifier(name)}`;
  reach('publication.drop.before');
  try {
    await session.execute(statement, { signal });
  } catch (thrown) {
    if (!isLockstepError(thrown, 'permission-denied')) throw thrown;
    return [left(`the publication ${name}, which its owner must drop`, statement)];
  }
  reach('publication.drop.after');
  return [{ what: `the publication ${name} was dropped`, statement }];
}

const left = (what: string, statement: string | null = null): PreparedStep => ({
  what: `left: ${what}`,
  statement,
});
