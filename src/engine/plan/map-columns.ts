import type { CollectionConfig } from '../../protocol/configuration.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan, MappedColumn } from '../../protocol/mapping.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import type { Column } from '../../protocol/shape.ts';
import { defaultColumns } from './default-columns.ts';
import { conversionOf, isOpenTarget } from './kinds.ts';
import type { CollectionRequest } from './plan-collection.ts';

/** Which target column comes from where, by the configuration and both shapes. */
export function mapColumns(request: CollectionRequest): {
  columns: readonly MappedColumn[];
  ignored: NonNullable<CollectionPlan['ignored']>;
  faults: readonly LockstepError[];
} {
  const wanted = wantedColumns(request);
  const faults = [
    ...namingFaults(request, wanted),
    ...sourceFaults(request, wanted ?? []),
    ...targetFaults(request, wanted ?? []),
    ...typeFaults(request, wanted ?? []),
    ...excludeFaults(request),
  ];
  return {
    columns: (wanted ?? []).map(({ as, ...column }) => ({
      ...column,
      type: storedType(request, column, spelledBy(request, as)),
    })),
    ignored: ignoredColumns(request, wanted ?? []),
    faults,
  };
}

/** What would be asked for if nothing were left out. */
function ignoredColumns(
  request: CollectionRequest,
  wanted: readonly Wanted[],
): NonNullable<CollectionPlan['ignored']> {
  const has = new Set(wanted.map(({ target }) => target));
  const all = wantedColumns({ ...request, leavesNew: undefined, leavesGone: undefined }) ?? [];
  const missing = all.filter(({ target }) => !has.has(target));
  return Object.fromEntries(
    missing.flatMap(({ from }) =>
      'column' in from
        ? [[from.column, isGone(request, from) ? 'columnDropped' : 'columnAdded'] as const]
        : [],
    ),
  );
}

const spelledBy = ({ spelled }: CollectionRequest, as: string | undefined): string | undefined =>
  as === undefined ? undefined : (spelled?.get(as) ?? as);

function typeFaults({ target, spelled }: CollectionRequest, wanted: readonly Wanted[]): LockstepError[] {
  return wanted
    .filter(({ as }) => as !== undefined && spelled?.get(as) === null)
    .map(
      (column) =>
        new LockstepError('type-unknown', {
          collection: target,
          column: column.target,
          type: column.as ?? '',
        }),
    );
}

function namingFaults({ target }: CollectionRequest, wanted: readonly Wanted[] | null): LockstepError[] {
  if (wanted === null) return [new LockstepError('columns-unnamed', { collection: target })];
  return wanted.length === 0 ? [new LockstepError('columns-none', { collection: target })] : [];
}

export interface Wanted extends Pick<MappedColumn, 'target' | 'from' | 'onInsert'> {
  /** The type that the configuration names. */
  readonly as?: string;
}

/** Null: nothing says which. */
function wantedColumns(request: CollectionRequest): readonly Wanted[] | null {
  const { columns } = request.config;
  if (columns === undefined) return defaultColumns(request);
  const listed = Array.isArray(columns)
    ? columns.map((name) => ({ target: name, from: { column: name } }))
    : Object.entries(columns).map(([target, source]) => toWanted(target, source));
  return request.leavesGone === true ? listed.filter(({ from }) => !isGone(request, from)) : listed;
}

const isGone = ({ sourceShape }: CollectionRequest, from: Wanted['from']): boolean =>
  'column' in from &&
  sourceShape.open === undefined &&
  !sourceShape.columns.some(({ name }) => name === from.column);

type ColumnSource = Exclude<CollectionConfig['columns'], readonly string[] | undefined>[string];

function toWanted(target: string, source: ColumnSource): Wanted {
  if (source === true) return { target, from: { column: target } };
  if (typeof source === 'string') return { target, from: { column: source } };
  const { as, onInsert, ...from } = source;
  return { target, from, ...(as && { as }), ...(onInsert && { onInsert }) };
}

function sourceFaults(
  { source, sourceShape, config }: CollectionRequest,
  wanted: readonly Wanted[],
): LockstepError[] {
  const known = sourceShape.columns.map((column) => column.name);
  const isOpen = sourceShape.open !== undefined;
  const faults: LockstepError[] = [];
  for (const { from, target } of wanted) {
    if ('column' in from && !isOpen && !known.includes(from.column)) {
      const nearest = nearestHint(from.column, known);
      faults.push(new LockstepError('column-unknown', { collection: source, column: from.column, nearest }));
    }
    if ('mapped' in from && config.map === undefined) {
      faults.push(new LockstepError('mapped-without-function', { collection: source, column: target }));
    }
  }
  return faults;
}

function targetFaults(request: CollectionRequest, wanted: readonly Wanted[]): LockstepError[] {
  if (isOpenTarget(request)) return [];
  const { target, targetShape, config } = request;
  const early = wanted
    .filter(({ onInsert }) => onInsert)
    .map((column) => new LockstepError('on-insert-refused', { collection: target, column: column.target }));
  if (targetShape === null) return early;
  const known = targetShape.columns.map((column) => column.name);
  const named = [...wanted.map((column) => column.target), ...(config.owned ?? [])];
  const unknown = named
    .filter((column) => !known.includes(column))
    .map(
      (column) =>
        new LockstepError('column-unknown', {
          collection: target,
          column,
          nearest: nearestHint(column, known),
        }),
    );
  return [...early, ...unknown];
}

function excludeFaults({ source, sourceShape, config, leavesGone }: CollectionRequest): LockstepError[] {
  if (leavesGone === true) return [];
  const known = sourceShape.columns.map((column) => column.name);
  return (config.exclude ?? [])
    .filter((column) => !known.includes(column))
    .map(
      (column) =>
        new LockstepError('column-unknown', {
          collection: source,
          column,
          nearest: nearestHint(column, known),
        }),
    );
}

/**
 * The type in which the value will be stored: what the target says, else what the configuration says, else the source's where we create
 * the target. A writer that converts knows the source's shape.
 */
function storedType(
  request: CollectionRequest,
  { target, from }: Wanted,
  named: string | undefined,
): string | null {
  const { sourceShape, targetShape } = request;
  const conversion = conversionOf(request);
  const typeIn = (columns: readonly Column[], name: string): string | null =>
    columns.find((column) => column.name === name)?.type ?? null;
  const ofSource = 'column' in from ? typeIn(sourceShape.columns, from.column) : null;
  if (conversion === 'writer') return named ?? null;
  const ofTarget = targetShape === null ? null : typeIn(targetShape.columns, target);
  if (isOpenTarget(request)) return named ?? ofTarget ?? (targetShape === null ? ofSource : null);
  return ofTarget ?? named ?? (conversion === undefined && targetShape === null ? ofSource : null);
}
