import { isLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../../protocol/failpoints.ts';
import type { FeedRequest } from '../../../../../protocol/feed.ts';
import type { PreparedStep } from '../../../../../protocol/writer.ts';
import { briefTransaction } from '../../../session/brief-transaction.ts';
import { createSlot } from '../slot/create-slot.ts';
import { dropSlot } from '../slot/drop-slot.ts';
import { type CaptureSetup, slotPatienceMs } from './capture-setup.ts';
import { planSetup, type SetupPlan } from './plan-setup.ts';
import { publicationDenied, slotInUse } from './refusals.ts';

/** Makes what is missing; a repeat finds it and makes nothing. */
export async function prepareCapture(
  setup: CaptureSetup,
  request: FeedRequest,
): Promise<readonly PreparedStep[]> {
  const { signal } = request;
  const plan = await setup.pool.use((session) => planSetup(session, setup, request), { signal });
  if (plan.dropsSlot) await removeSlot(setup, signal);
  if (plan.publication.length > 0) await publish(setup, plan, signal);
  if (plan.makesSlot) await makeSlot(setup, signal);
  return plan.steps;
}

export function makeSlot({ pool, names, capture, notice }: CaptureSetup, signal: AbortSignal): Promise<void> {
  const { failover, slotTimeoutMs } = capture;
  return createSlot(pool, { slot: names.slot, failover, timeoutMs: slotTimeoutMs, notice, signal });
}

/** Throws when somebody else holds it. */
export async function removeSlot({ pool, names }: CaptureSetup, signal: AbortSignal): Promise<void> {
  const { slot, applicationName } = names;
  const request = { slot, applicationName, patienceMs: slotPatienceMs, signal };
  const isGone = await pool.use((session) => dropSlot(session, request), { signal });
  if (!isGone) throw slotInUse(slot, null);
}

async function publish({ pool, user }: CaptureSetup, plan: SetupPlan, signal: AbortSignal): Promise<void> {
  reach('publication.make.before');
  try {
    await pool.use(
      (session) =>
        briefTransaction(
          session,
          async () => {
            for (const { statement } of plan.publication) await session.execute(statement, { signal });
          },
          { signal },
        ),
      { signal },
    );
  } catch (thrown) {
    if (isLockstepError(thrown, 'permission-denied'))
      throw publicationDenied(user, plan.tables, plan.publication);
    throw thrown;
  }
  reach('publication.make.after');
}
