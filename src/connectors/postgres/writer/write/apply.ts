import type { Change } from '../../../../protocol/change.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { Position, Shard } from '../../../../protocol/names.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { savePosition } from '../state/fence.sql.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { ChangeSteps } from './change-steps.ts';
import { inSomeOrder } from './in-some-order.ts';
import { OutcomeList } from './outcome-list.ts';
import { stageChanges } from './staged-changes.ts';

export interface ApplyRequest extends WriteOptions {
  readonly changes: readonly Change[];
  readonly position?: { readonly shard: Shard; readonly lane: number; readonly at: Position };
}

/** Some changes in one transaction, with the position. What the destination refuses throws and nothing is written. */
export async function apply(
  destination: Destination,
  model: TargetModel,
  request: ApplyRequest,
): Promise<readonly Outcome[]> {
  const outcomes = await writeTransaction(destination, request, async (session) => {
    const outcomes = await applyChanges(session, model, request);
    await rememberPosition(session, destination, request);
    reach('destination.apply.before-commit');
    return outcomes;
  });
  reach('destination.apply.after-commit');
  return outcomes;
}

async function applyChanges(
  session: Session,
  model: TargetModel,
  { changes, signal }: ApplyRequest,
): Promise<readonly Outcome[]> {
  const outcomes = new OutcomeList(changes.length);
  const staged = await stageChanges(session, { model, changes, signal });
  const steps = new ChangeSteps({ session, model, staged, outcomes, signal });
  await steps.findClashes();
  const { leave, update, insert } = steps;
  // Leavings first: they free unique values. Where a row still refers to one that leaves, the other way round.
  await inSomeOrder(
    session,
    [
      [leave, update, insert],
      [insert, update, leave],
      [update, leave, insert],
    ],
    signal,
  );
  return outcomes.all();
}

async function rememberPosition(
  session: Session,
  { layout }: Destination,
  { position, lease, signal }: ApplyRequest,
): Promise<void> {
  if (position === undefined) return;
  const values = [lease.pipeline, position.shard, position.lane, lease.fence, position.at];
  await session.query(savePosition(layout), values, { signal });
}
