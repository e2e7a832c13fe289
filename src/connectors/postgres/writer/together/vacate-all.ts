import type { TableName } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { TargetModel } from '../model/target-model.ts';
import type { UniqueIndex } from '../model/unique-index.ts';
import type { Stage } from '../stage/stage.sql.ts';
import type { Step } from '../write/in-some-order.ts';
import type { OutcomeList } from '../write/outcome-list.ts';
import type { StagedChanges } from '../write/staged-changes.ts';
import { columnToVacate, vacate } from './vacate.sql.ts';

/** An update that only fills in what the insert left out makes no second outcome. */
export const keepInserted =
  (outcomes: OutcomeList, update: Step): Step =>
  async () => {
    const inserted = outcomes.ordinalsOf('inserted');
    await update();
    outcomes.set(inserted, 'inserted');
  };

export interface VacateAll {
  readonly model: TargetModel;
  readonly staged: StagedChanges;
  readonly indexes: readonly UniqueIndex[];
  readonly signal: AbortSignal;
}

export async function vacateAll(
  session: Session,
  { model, staged, indexes, signal }: VacateAll,
): Promise<void> {
  const deletes = model.leaving.kind === 'delete';
  const stages: HeldStage[] = [
    ...(staged.upserts === null ? [] : [{ stage: staged.upserts, holds: 'rows' as const }]),
    ...staged.patches.map(({ stage }) => ({ stage, holds: 'rows' as const })),
    ...(staged.leaves === null || !deletes ? [] : [{ stage: staged.leaves, holds: 'keys' as const }]),
  ];
  for (const statement of vacateStatements(model, indexes, stages))
    await session.execute(statement, { signal, collection: model.collection });
}

export interface HeldStage {
  readonly stage: Stage;
  readonly holds: 'rows' | 'keys';
}

/** For each unique index that a stage has all columns of. */
export const vacateStatements = (
  model: TargetModel,
  indexes: readonly UniqueIndex[],
  stages: readonly HeldStage[],
): readonly string[] =>
  indexes.flatMap((index) => {
    const column = columnToVacate(model, index);
    if (column === null) return [];
    return stages
      .filter(({ stage, holds }) => holds === 'keys' || hasColumns(stage, index))
      .map(({ stage, holds }) => vacate(model, { index, column, stage, holds }));
  });

/** Whether the stage says all that the index looks at. */
export const hasColumns = (stage: Stage, index: UniqueIndex): boolean =>
  index.columns.every(({ slot }) => stage.columns.some((each) => each.slot === slot));

/** Columns by which rows refer to rows of these tables and that may be null for a moment. */
export function nullableReferences(model: TargetModel, tables: readonly TableName[]): ReadonlySet<string> {
  const within = model.table.references.filter((reference) =>
    tables.some(({ schema, table }) => schema === reference.schema && table === reference.table),
  );
  const columns = new Set(within.flatMap((reference) => reference.columns));
  return new Set(
    model.columns.filter(({ name, nullable }) => nullable && columns.has(name)).map(({ name }) => name),
  );
}
