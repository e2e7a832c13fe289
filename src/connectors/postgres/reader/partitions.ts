import type { Partition } from '../../../protocol/partition.ts';
import { qualified, type TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { boundariesQuery, type SizeRow, sampleCountQuery, sizeQuery } from './partitions.sql.ts';

export interface PartitionRequest {
  readonly table: TableName;
  /** Columns of the key in the order of its index; null: there is none. */
  readonly key: readonly string[] | null;
  readonly targetRows: number;
}

interface StatementContext {
  readonly signal: AbortSignal;
  readonly collection: string;
}

/** Kinds of relations that TABLESAMPLE takes: tables, partitioned tables, materialized views. */
const sampled: ReadonlySet<string> = new Set(['r', 'p', 'm']);
/** Rows of the sample per partition: quantiles are then off by a tenth or so. */
const sampleRowsPerPart = 100;
/** At least so many pages, since all rows of a page come together. */
const sampleMinPages = 300;

/** Cuts a collection by its key; see `ReadSnapshot.partitions`. */
export async function cutPartitions(
  session: Session,
  request: PartitionRequest,
  options: StatementContext,
): Promise<Partition[]> {
  const size = await measure(session, request.table, options);
  const parts = Math.ceil(size.rows / request.targetRows);
  if (request.key === null) return [{ id: 'all', from: null, to: null, estimatedRows: size.rows }];
  if (parts < 2 || !sampled.has(size.kind)) return toPartitions([], size.rows);
  const sampleRows = parts * sampleRowsPerPart;
  const percent = percentOf(Math.max(sampleRows / size.rows, sampleMinPages / size.pages));
  const sql = boundariesQuery({ table: request.table, key: request.key, percent, parts });
  const { rows } = await session.query<{ bound: readonly string[] }>(sql, undefined, options);
  return toPartitions(
    rows.map(({ bound }) => bound),
    size.rows,
  );
}

/** First and last are open, so that whatever is written later falls into one as well. */
function toPartitions(bounds: readonly (readonly string[])[], rows: number): Partition[] {
  const count = bounds.length + 1;
  return Array.from({ length: count }, (_, index) => ({
    id: String(index + 1).padStart(4, '0'),
    from: bounds[index - 1] ?? null,
    to: bounds[index] ?? null,
    estimatedRows: Math.round(rows / count),
  }));
}

interface Size {
  readonly kind: string;
  readonly pages: number;
  readonly rows: number;
}

async function measure(session: Session, table: TableName, options: StatementContext): Promise<Size> {
  const { rows } = await session.query<SizeRow>(sizeQuery, [qualified(table)], options);
  const row = rows[0];
  const pages = Number(row?.pages ?? 0);
  const kind = row?.kind ?? 'v';
  if (row?.density !== null && row?.density !== undefined)
    return { kind, pages, rows: Math.round(row.density * pages) };
  if (!sampled.has(kind) || pages === 0) return { kind, pages, rows: 0 };
  // Never analyzed: a sample tells how many rows a page holds.
  const percent = percentOf(sampleMinPages / pages);
  const counted = await session.query<{ rows: string }>(sampleCountQuery(table, percent), undefined, options);
  return { kind, pages, rows: Math.round((Number(counted.rows[0]?.rows ?? 0) * 100) / percent) };
}

const percentOf = (share: number): number =>
  Math.min(100, Math.max(0.001, Math.ceil(share * 100_000) / 1000));
