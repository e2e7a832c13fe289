import type { CollectionPlan } from '../../../../protocol/mapping.ts';
import type { Shape } from '../../../../protocol/shape.ts';
import type { PreparedStep, WriteOptions } from '../../../../protocol/writer.ts';
import { enumOf } from '../../catalog/pg-type.ts';
import { tableOf } from '../../catalog/to-shape.ts';
import { labelSteps } from '../../create/create-types.ts';
import { parseName, qualified, quoteIdentifier } from '../../names.ts';
import type { Destination } from '../destination.ts';
import { writeTransaction } from '../state/write-transaction.ts';

/**
 * Statements that make the target fit a source whose shape has changed since the plan was made. Only the plan's own columns are altered or
 * dropped; a column that is new is added when the plan takes all there are. New columns take nulls: rows that are there have no value yet.
 * An enum gets the values that it lacks.
 */
export function alignment(
  { defaultSchema }: Pick<Destination, 'defaultSchema'>,
  plan: CollectionPlan,
  now: Shape,
): readonly PreparedStep[] {
  const table = qualified(parseName(plan.target, defaultSchema));
  const before = new Map(plan.sourceShape.columns.map(({ name, type }) => [name, type]));
  const after = new Map(now.columns.map((column) => [column.name, column]));
  const has = new Set((plan.targetShape?.columns ?? []).map(({ name }) => name));
  const mapped = plan.columns.flatMap(({ target, from }) =>
    'column' in from ? [{ target, column: from.column }] : [],
  );
  const added = plan.allColumns ? [...after].filter(([name]) => !before.has(name) && !has.has(name)) : [];
  const dropped = mapped.filter(({ column }) => before.has(column) && !after.has(column));
  const retyped = mapped.flatMap(({ target, column }) => {
    const type = after.get(column)?.type;
    return type === undefined || type === before.get(column) ? [] : [{ target, type }];
  });
  const alter = (what: string, name: string, change: string): PreparedStep => ({
    what: `${what} the column ${name} of ${plan.target}`,
    statement: `ALTER TABLE ${table} ${change}`,
  });
  const labels = mapped.flatMap(({ target, column }) =>
    missingLabels(plan, target, after.get(column)?.labels ?? []),
  );
  return [
    ...new Map(labels.map((step) => [step.statement, step])).values(),
    ...added.map(([name, { type }]) => alter('Add', name, `ADD COLUMN ${quoteIdentifier(name)} ${type}`)),
    ...dropped.map(({ target }) => alter('Drop', target, `DROP COLUMN ${quoteIdentifier(target)}`)),
    ...retyped.map(({ target, type }) =>
      alter('Retype', target, `ALTER COLUMN ${quoteIdentifier(target)} TYPE ${type}`),
    ),
  ];
}

function missingLabels(
  { targetShape }: CollectionPlan,
  column: string,
  labels: readonly string[],
): readonly PreparedStep[] {
  const table = targetShape === null ? null : tableOf(targetShape);
  const found = table?.columns.find(({ name }) => name === column);
  if (table === null || found === undefined) return [];
  const type = enumOf(found, table);
  return type === null ? [] : labelSteps(type.name, labels, type.labels);
}

/** Carries the alignment out, all or nothing. */
export async function align(
  destination: Destination,
  {
    plan,
    sourceShape,
    ...options
  }: WriteOptions & { readonly plan: CollectionPlan; readonly sourceShape: Shape },
): Promise<readonly PreparedStep[]> {
  const steps = alignment(destination, plan, sourceShape);
  if (steps.length === 0) return steps;
  await writeTransaction(destination, options, async (session) => {
    for (const { statement } of steps)
      if (statement !== null)
        await session.execute(statement, { signal: options.signal, collection: plan.target });
  });
  return steps;
}
