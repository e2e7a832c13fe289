import type { PgColumn } from '../../catalog/pg-table.ts';
import { quoteLiteral, type TableName } from '../../names.ts';
import { keyColumn } from '../key-range.ts';
import { fromTable } from '../select.ts';

/** Values of the cursor's column, as literals: `from <= value < to`; null is open. */
export interface SinceRange {
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * Rows without a value are in the last range: nobody can tell whether they changed. The open end takes all that is newer than the clock, too.
 */
export function sinceCondition({ name, notNull }: PgColumn, { from, to }: SinceRange): string[] {
  const value = keyColumn(name);
  const lower = from === null ? [] : [`${value} >= ${from}`];
  if (to !== null) return [...lower, `${value} < ${to}`];
  if (from === null) return [];
  return notNull ? lower : [`(${value} >= ${from} OR ${value} IS NULL)`];
}

/** Values that cut what is newer than `from` into pieces of so many rows, in order. */
export const cutQuery = (
  table: TableName,
  column: PgColumn,
  { from, rows }: { readonly from: string | null; readonly rows: number },
): string => {
  const value = keyColumn(column.name);
  const newer = from === null ? `${value} IS NOT NULL` : `${value} >= ${from}`;
  return `
SELECT DISTINCT value, value::text AS text FROM (
  SELECT ${value} AS value, row_number() OVER (ORDER BY ${value}) AS place ${fromTable(table)} WHERE ${newer}
) placed WHERE place % ${rows} = 0 ORDER BY value`;
};

/**
 * The earliest wall-clock time that anything written from a moment on can have. $1 microseconds since 1970, $2 the zone. Where clocks are
 * set back within a day and two hours, times from before are written again; that far no zone has ever set them.
 */
export const wallQuery = `
SELECT ((moment AT TIME ZONE $2) - greatest(interval '0', offset_then - least_offset))::text AS wall
FROM (SELECT timestamptz 'epoch' + interval '1 microsecond' * $1::float8 AS moment) m,
LATERAL (SELECT (moment AT TIME ZONE $2) - (moment AT TIME ZONE 'UTC') AS offset_then,
  (SELECT min((at AT TIME ZONE $2) - (at AT TIME ZONE 'UTC'))
   FROM generate_series(moment, moment + interval '26 hours', interval '15 minutes') AS at) AS least_offset) o`;

export const momentLiteral = (iso: string): string => `${quoteLiteral(`${iso}Z`)}::pg_catalog.timestamptz`;
export const wallLiteral = (text: string): string => `${quoteLiteral(text)}::pg_catalog.timestamp`;
export const numberLiteral = (value: bigint): string => `${quoteLiteral(String(value))}::pg_catalog.int8`;
