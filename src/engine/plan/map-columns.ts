import type { CollectionConfig } from '../../protocol/configuration.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { MappedColumn } from '../../protocol/mapping.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import type { Column } from '../../protocol/shape.ts';
import type { CollectionRequest } from './plan-collection.ts';

/** Which target column comes from where, by the configuration and both shapes. */
export function mapColumns(request: CollectionRequest): {
  columns: readonly MappedColumn[];
  faults: readonly LockstepError[];
} {
  const wanted = wantedColumns(request);
  const faults = [
    ...sourceFaults(request, wanted),
    ...targetFaults(request, wanted),
    ...excludeFaults(request),
  ];
  return { columns: wanted.map((column) => ({ ...column, type: storedType(request, column) })), faults };
}

type Wanted = Pick<MappedColumn, 'target' | 'from'>;

function wantedColumns(request: CollectionRequest): readonly Wanted[] {
  const { config } = request;
  const refused = new Set([...(config.exclude ?? []), ...(config.owned ?? [])]);
  if (config.columns === undefined) return defaultColumns(request, refused);
  if (Array.isArray(config.columns))
    return config.columns.map((name) => ({ target: name, from: { column: name } }));
  return Object.entries(config.columns).map(([target, source]) => ({ target, from: toFrom(target, source) }));
}

type ColumnSource = Exclude<CollectionConfig['columns'], readonly string[] | undefined>[string];

function toFrom(target: string, source: ColumnSource): MappedColumn['from'] {
  if (source === true) return { column: target };
  return typeof source === 'string' ? { column: source } : source;
}

/**
 * All columns of the source that the target can be given. With a function, the target's columns: it makes what the source does not
 * have. A generated column of the target computes itself.
 */
function defaultColumns(
  { sourceShape: source, targetShape: target, config }: CollectionRequest,
  refused: ReadonlySet<string>,
): readonly Wanted[] {
  const computed = new Set(
    (target ?? source).columns.filter((column) => column.generated).map((column) => column.name),
  );
  const takes = (column: Column) => !refused.has(column.name) && !computed.has(column.name);
  if (config.map === undefined || target === null) {
    return source.columns.filter(takes).map(({ name }) => ({ target: name, from: { column: name } }));
  }
  const known = new Set(source.columns.map((column) => column.name));
  return target.columns
    .filter(takes)
    .map(({ name }) => ({ target: name, from: known.has(name) ? { column: name } : { mapped: true } }));
}

function sourceFaults(
  { source, sourceShape, config }: CollectionRequest,
  wanted: readonly Wanted[],
): LockstepError[] {
  const known = sourceShape.columns.map((column) => column.name);
  const faults: LockstepError[] = [];
  for (const { from, target } of wanted) {
    if ('column' in from && !known.includes(from.column)) {
      const nearest = nearestHint(from.column, known);
      faults.push(new LockstepError('column-unknown', { collection: source, column: from.column, nearest }));
    }
    if ('mapped' in from && config.map === undefined) {
      faults.push(new LockstepError('mapped-without-function', { collection: source, column: target }));
    }
  }
  return faults;
}

function targetFaults(
  { target, targetShape, config }: CollectionRequest,
  wanted: readonly Wanted[],
): LockstepError[] {
  if (targetShape === null) return [];
  const known = targetShape.columns.map((column) => column.name);
  const named = [...wanted.map((column) => column.target), ...(config.owned ?? [])];
  return named
    .filter((column) => !known.includes(column))
    .map(
      (column) =>
        new LockstepError('column-unknown', {
          collection: target,
          column,
          nearest: nearestHint(column, known),
        }),
    );
}

function excludeFaults({ source, sourceShape, config }: CollectionRequest): LockstepError[] {
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

/** The type in which the value will be stored: the target's, or the source's where we create the target. */
function storedType({ sourceShape, targetShape }: CollectionRequest, column: Wanted): string | null {
  if (targetShape !== null)
    return targetShape.columns.find(({ name }) => name === column.target)?.type ?? null;
  const { from } = column;
  return 'column' in from
    ? (sourceShape.columns.find(({ name }) => name === from.column)?.type ?? null)
    : null;
}
