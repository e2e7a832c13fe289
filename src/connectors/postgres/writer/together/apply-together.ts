import type { Change } from '../../../../protocol/change.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import type { UniqueIndex } from '../model/unique-index.ts';
import { readUniqueIndexes } from '../model/unique-index.ts';
import type { Stage } from '../stage/stage.sql.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { ChangeSteps } from '../write/change-steps.ts';
import { inSomeOrder, type Step } from '../write/in-some-order.ts';
import { OutcomeList } from '../write/outcome-list.ts';
import { type StagedChanges, stageChanges } from '../write/staged-changes.ts';
import { columnToVacate, vacate } from './vacate.sql.ts';

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
  const outcomes = await writeTransaction(destination, request, async (session) => {
    const outcomes = await applyBlocked(session, model, request);
    reach('destination.apply.before-commit');
    return outcomes;
  });
  reach('destination.apply.after-commit');
  return outcomes;
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
  const insertWithoutReferences: Step = () => steps.insertWith(nullableReferences(model));
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

/** An update that only fills in what the insert left out makes no second outcome. */
const keepInserted =
  (outcomes: OutcomeList, update: Step): Step =>
  async () => {
    const inserted = outcomes.ordinalsOf('inserted');
    await update();
    outcomes.set(inserted, 'inserted');
  };

interface VacateAll {
  readonly model: TargetModel;
  readonly staged: StagedChanges;
  readonly indexes: readonly UniqueIndex[];
  readonly signal: AbortSignal;
}

async function vacateAll(session: Session, { model, staged, indexes, signal }: VacateAll): Promise<void> {
  const deletes = model.leaving.kind === 'delete';
  const stages: { readonly stage: Stage; readonly holds: 'rows' | 'keys' }[] = [
    ...(staged.upserts === null ? [] : [{ stage: staged.upserts, holds: 'rows' as const }]),
    ...staged.patches.map(({ stage }) => ({ stage, holds: 'rows' as const })),
    ...(staged.leaves === null || !deletes ? [] : [{ stage: staged.leaves, holds: 'keys' as const }]),
  ];
  for (const index of indexes) {
    const column = columnToVacate(model, index);
    if (column === null) continue;
    for (const { stage, holds } of stages) {
      if (
        holds === 'rows' &&
        !index.columns.every(({ slot }) => stage.columns.some((each) => each.slot === slot))
      )
        continue;
      await session.execute(vacate(model, { index, column, stage, holds }), {
        signal,
        collection: model.collection,
      });
    }
  }
}

/** Columns by which rows refer to rows of the same table and that may be null for a moment. */
function nullableReferences(model: TargetModel): ReadonlySet<string> {
  const { table } = model;
  const own = table.references.filter(
    ({ schema, table: name }) => schema === table.schema && name === table.table,
  );
  const columns = new Set(own.flatMap((reference) => reference.columns));
  return new Set(
    model.columns.filter(({ name, nullable }) => nullable && columns.has(name)).map(({ name }) => name),
  );
}
