import type { Change } from '../../../../protocol/change.ts';
import { toLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../../../protocol/errors/refusal.ts';
import type { Position, Shard } from '../../../../protocol/names.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';
import { savePosition } from '../state/fence.sql.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { ChangeSteps, type ChangeStepsRequest } from './change-steps.ts';
import { inSomeOrder, takeBack } from './in-some-order.ts';
import { refuseNullKeys } from './null-keys.ts';
import { OutcomeList } from './outcome-list.ts';
import { type StagedChanges, stageChanges } from './staged-changes.ts';

export interface ApplyRequest extends WriteOptions {
  readonly changes: readonly Change[];
  readonly position?: { readonly shard: Shard; readonly lane: number; readonly at: Position };
}

/**
 * Some changes in one transaction, with the position. Without one, what the destination refuses is found out within the transaction
 * and told as an outcome. With one, for a single change, and where it shows at the COMMIT only, it throws and nothing is written.
 */
export async function apply(
  destination: Destination,
  model: TargetModel,
  request: ApplyRequest,
): Promise<readonly Outcome[]> {
  refuseNullKeys(model, request.changes);
  return await writeTransaction(destination, { ...request, point: 'destination.apply' }, async (session) => {
    const outcomes = await applyChanges(session, model, request);
    await rememberPosition(session, destination, request);
    return outcomes;
  });
}

async function applyChanges(
  session: Session,
  model: TargetModel,
  { changes, position, signal }: ApplyRequest,
): Promise<readonly Outcome[]> {
  const outcomes = new OutcomeList(changes.length);
  const staged = await stageChanges(session, { model, changes, signal });
  await new ChangeSteps({ session, model, staged, outcomes, signal }).findClashes();
  const isolates = position === undefined && changes.length > 1;
  const request = { session, model, staged, outcomes, signal, isolates };
  await applyRange(request, { first: 0, last: changes.length - 1 });
  return outcomes.all();
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/**
 * The changes of a range; when they are refused, those of either half, until the guilty stand alone. A probe costs a few statements
 * on what is staged already: a thousand refused rows among many are found in seconds, where a transaction for each probe took minutes.
 */
async function applyRange(
  request: ChangeStepsRequest & { readonly isolates: boolean },
  range: Range,
): Promise<void> {
  const { session, staged, outcomes, signal } = request;
  const { first, last } = range;
  const { leave, update, insert } = new ChangeSteps({ ...request, staged: within(staged, range) });
  try {
    // Leavings first: they free unique values. Where a row still refers to one that leaves, the other way round.
    const orders = [
      [leave, update, insert],
      [insert, update, leave],
      [update, leave, insert],
    ];
    return await inSomeOrder(session, orders, signal);
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (!request.isolates || !isRefusal(error)) throw thrown;
    await session.execute(takeBack, { signal });
    if (first === last) return outcomes.fail([first], error);
  }
  const middle = (first + last) >> 1;
  await applyRange(request, { first, last: middle });
  await applyRange(request, { first: middle + 1, last });
}

function within({ upserts, patches, leaves }: StagedChanges, { first, last }: Range): StagedChanges {
  const narrowed = (stage: Stage): Stage => ({
    ...stage,
    sql: `(SELECT * FROM ${stage.sql} WHERE ${ordinal} BETWEEN ${first} AND ${last})`,
  });
  return {
    upserts: upserts === null ? null : narrowed(upserts),
    patches: patches.map((each) => ({ ...each, stage: narrowed(each.stage) })),
    leaves: leaves === null ? null : narrowed(leaves),
  };
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
