import type { driftSchema } from '../../../protocol/configuration.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { Column, Shape } from '../../../protocol/shape.ts';

/** What may happen to a column, by the key of `drift` that decides. */
export type DriftKind = Exclude<keyof typeof driftSchema.shape, 'tableAdded'>;

/** Source columns by what happened to them. */
export type ShapeDifference = Readonly<Record<DriftKind, readonly string[]>>;

export const driftKinds = ['columnAdded', 'columnDropped', 'typeChanged', 'enumValueAdded'] as const;

/** Compares what a plan was made for with what is there now; of columns that were there before only those that the plan reads count. */
export function shapeDifference(plan: CollectionPlan, now: Shape): ShapeDifference {
  const before = columnsOf(plan.sourceShape);
  const after = columnsOf(now);
  const read = columnsRead(plan);
  return {
    columnAdded: [...after.keys()].filter((name) => !before.has(name)),
    columnDropped: read.filter((name) => before.has(name) && !after.has(name)),
    typeChanged: read.filter((name) => after.has(name) && after.get(name)?.type !== before.get(name)?.type),
    enumValueAdded: read.filter((name) => newLabels(before.get(name), after.get(name)).length > 0),
  };
}

/** A value that was renamed is another one in every row that has it. */
export function losesLabels(plan: CollectionPlan, now: Shape): boolean {
  const [before, after] = [columnsOf(plan.sourceShape), columnsOf(now)];
  return columnsRead(plan).some((name) => newLabels(after.get(name), before.get(name)).length > 0);
}

const columnsRead = ({ columns, mapReads, sourceKey }: CollectionPlan): readonly string[] => [
  ...new Set([
    ...columns.flatMap(({ from }) => ('column' in from ? [from.column] : [])),
    ...mapReads,
    ...(sourceKey ?? []),
  ]),
];

/** A type that is another one is told as such. */
function newLabels(before: Column | undefined, after: Column | undefined): readonly string[] {
  if (before === undefined || after === undefined || before.type !== after.type) return [];
  const known = new Set(before.labels);
  return (after.labels ?? []).filter((label) => !known.has(label));
}

/** What is there now, with those columns as they were that nobody is to follow. */
export function followedShape(plan: CollectionPlan, now: Shape, ignored: ShapeDifference): Shape {
  const before = columnsOf(plan.sourceShape);
  const kept = new Set([...ignored.typeChanged, ...ignored.enumValueAdded]);
  const added = new Set(ignored.columnAdded);
  return {
    ...now,
    columns: [
      ...now.columns
        .filter(({ name }) => !added.has(name))
        .map((column) => (kept.has(column.name) ? (before.get(column.name) ?? column) : column)),
      ...ignored.columnDropped.flatMap((name) => before.get(name) ?? []),
    ],
  };
}

const words: Readonly<Record<DriftKind, (column: string) => string>> = {
  columnAdded: (column) => `column ${column} was added`,
  columnDropped: (column) => `column ${column} is gone`,
  typeChanged: (column) => `column ${column} has another type`,
  enumValueAdded: (column) => `the enum of column ${column} got a value`,
};

export const describeDrift = (difference: ShapeDifference): string =>
  driftKinds.flatMap((kind) => difference[kind].map(words[kind])).join(', ');

export const driftOf = (
  difference: ShapeDifference,
  isMeant: (kind: DriftKind) => boolean,
): ShapeDifference => ({
  columnAdded: isMeant('columnAdded') ? difference.columnAdded : [],
  columnDropped: isMeant('columnDropped') ? difference.columnDropped : [],
  typeChanged: isMeant('typeChanged') ? difference.typeChanged : [],
  enumValueAdded: isMeant('enumValueAdded') ? difference.enumValueAdded : [],
});

export const hasDrift = (difference: ShapeDifference): boolean =>
  driftKinds.some((kind) => difference[kind].length > 0);

const columnsOf = ({ columns }: Shape): ReadonlyMap<string, Column> =>
  new Map(columns.map((column) => [column.name, column]));
