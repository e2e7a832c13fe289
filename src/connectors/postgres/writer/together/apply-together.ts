import type { Change } from '../../../../protocol/change.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { readUniqueIndexes } from '../model/unique-index.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { ChangeSteps } from '../write/change-steps.ts';
import { inSomeOrder, type Step } from '../write/in-some-order.ts';
import { OutcomeList } from '../write/outcome-list.ts';
import { stageChanges } from '../write/staged-changes.ts';
import { keepInserted, nullableReferences, vacateAll } from './vacate-all.ts';

export interface TogetherRequest extends WriteOptions {
  readonly changes: readonly Change[];
}

/**
 * Changes that block each other, in one transaction. First every row that changes a unique value gives its present one
 * up for a temporary one; then rows are inserted and updated; rows that leave go last, since others may still refer to
 * them until then. Rows that refer to each other go in by one statement, or with null references that are filled in
 * by the update. No row is deleted to be inserted again.
 */
export async function applyTogether(
  destination: Destination,
  model: TargetModel,
  request: TogetherRequest,
): Promise<readonly Outcome[]> {
  return await writeTransaction(destination, { ...request, point: 'destination.apply' }, (session) =>
    applyBlocked(session, model, request),
  );
}

async function applyBlocked(
  session: Session,
  model: TargetModel,
  { changes, signal }: TogetherRequest,
): Promise<readonly Outcome[]> {
  const outcomes = new OutcomeList(changes.length);
  const staged = await stageChanges(session, { model, changes, signal });
  const steps = new ChangeSteps({ session, model, staged, outcomes, signal });
  const key = model.key.map(({ name }) => name);
  const indexes = await readUniqueIndexes(session, {
    table: model.table,
    columns: model.columns,
    key,
    signal,
  });
  const giveUp: Step = () => vacateAll(session, { model, staged, indexes, signal });
  const insertWithoutReferences: Step = () => steps.insertWith(nullableReferences(model, [model.table]));
  // What is deferrable shows at the end of the attempt, while another order can still be tried.
  const settle: Step = () => session.execute('SET CONSTRAINTS ALL IMMEDIATE', { signal });
  const postpone: Step = () => session.execute('SET CONSTRAINTS ALL DEFERRED', { signal });
  const { insert, update, leave } = steps;
  const updateRest = keepInserted(outcomes, update);
  await steps.findClashes();
  await inSomeOrder(
    session,
    [
      [postpone, giveUp, insert, updateRest, leave, settle],
      [postpone, giveUp, insertWithoutReferences, updateRest, leave, settle],
      [postpone, leave, giveUp, insertWithoutReferences, updateRest, settle],
    ],
    signal,
  );
  return outcomes.all();
}
