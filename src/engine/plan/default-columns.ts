import type { Column, Shape } from '../../protocol/shape.ts';
import { isOpenTarget } from './kinds.ts';
import type { Wanted } from './map-columns.ts';
import type { CollectionRequest } from './plan-collection.ts';

/** Where the configuration lists none. Null: neither shape says which, or a function makes columns that nobody has named. */
export function defaultColumns(request: CollectionRequest): readonly Wanted[] | null {
  const isOpenSource = request.sourceShape.open !== undefined;
  if (isOpenTarget(request)) {
    if (request.config.map !== undefined) return null;
    return isOpenSource ? listedColumns(request) : fieldsOfColumns(request);
  }
  return isOpenSource ? columnsOfFields(request) : listedColumns(request);
}

/**
 * All columns of the source that the target can be given. With a function, the target's columns: it makes what the source does not
 * have. A generated column of the target computes itself.
 */
function listedColumns(request: CollectionRequest): readonly Wanted[] {
  const { sourceShape: source, targetShape: target, config } = request;
  const takes = takenBy(request, isOpenTarget(request) ? source : (target ?? source));
  if (config.map === undefined || target === null) {
    const has = new Set(target?.columns.map(({ name }) => name));
    const wants = ({ name }: Column): boolean =>
      target === null || request.leavesNew !== true || isOpenTarget(request) || has.has(name);
    return source.columns
      .filter((column) => takes(column) && wants(column))
      .map(({ name }) => ({ target: name, from: { column: name } }));
  }
  const known = new Set(source.columns.map((column) => column.name));
  return target.columns
    .filter(takes)
    .map(({ name }) => ({ target: name, from: known.has(name) ? { column: name } : { mapped: true } }));
}

/** Columns as fields of the same names; a key of one column becomes the key that the target has. */
function fieldsOfColumns(request: CollectionRequest): readonly Wanted[] {
  const { sourceShape, kinds } = request;
  const columns = sourceShape.columns.filter(takenBy(request, { ...sourceShape, columns: [] }));
  const key = onlyKey(sourceShape);
  const targetKey = kinds?.destination.open?.key;
  return columns.map(({ name }) => ({
    target: name === key && targetKey !== undefined ? targetKey : name,
    from: { column: name },
  }));
}

/** Fields by the names of the target's columns; a key of one column is taken from the source's. */
function columnsOfFields(request: CollectionRequest): readonly Wanted[] | null {
  const { sourceShape, targetShape, config } = request;
  if (targetShape === null) return null;
  const [key, sourceKey] = [onlyKey(targetShape), onlyKey(sourceShape)];
  return targetShape.columns.filter(takenBy(request, targetShape)).map(({ name }) => {
    if (name === key && sourceKey !== null) return { target: name, from: { column: sourceKey } };
    return { target: name, from: config.map === undefined ? { column: name } : { mapped: true } };
  });
}

const onlyKey = ({ key }: Shape): string | null =>
  key?.columns.length === 1 ? (key.columns[0] ?? null) : null;

function takenBy(
  { config }: CollectionRequest,
  { columns }: Pick<Shape, 'columns'>,
): (column: Column) => boolean {
  const refused = new Set([...(config.exclude ?? []), ...(config.owned ?? [])]);
  const computed = new Set(columns.filter((column) => column.generated).map((column) => column.name));
  return ({ name }) => !refused.has(name) && !computed.has(name);
}
