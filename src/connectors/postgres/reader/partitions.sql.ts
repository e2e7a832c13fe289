import { qualified, quoteIdentifier, type TableName } from '../names.ts';

export interface SizeRow {
  readonly kind: string;
  readonly pages: string;
  /** Rows per page by the last ANALYZE; null: never analyzed. */
  readonly density: number | null;
}

/** Pages now and rows per page as last counted, over the table and its table partitions. $1 the qualified name. */
export const sizeQuery = `
SELECT c.relkind::text AS kind,
  coalesce((SELECT sum(pg_catalog.pg_relation_size(t.relid)) / pg_catalog.current_setting('block_size')::int8
            FROM pg_catalog.pg_partition_tree(c.oid) t WHERE t.isleaf),
           pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int8)::int8::text AS pages,
  (SELECT CASE WHEN min(l.reltuples) >= 0 AND sum(l.relpages) > 0
           THEN (sum(l.reltuples::float8) / sum(l.relpages))::float8 END
   FROM pg_catalog.pg_class l
   WHERE l.oid = c.oid AND c.relkind <> 'p'
      OR l.oid IN (SELECT t.relid FROM pg_catalog.pg_partition_tree(c.oid) t WHERE t.isleaf)) AS density
FROM pg_catalog.pg_class c WHERE c.oid = $1::regclass`;

/** How many rows a sample has. */
export const sampleCountQuery = (table: TableName, percent: number): string =>
  `SELECT count(*)::text AS rows FROM ${qualified(table)} TABLESAMPLE SYSTEM (${percent}) REPEATABLE (0)`;

/**
 * Keys that cut a sample into equal parts. The server sorts, so that the order is that of the key's own index,
 * whatever its collation.
 */
export function boundariesQuery(request: {
  readonly table: TableName;
  readonly key: readonly string[];
  readonly percent: number;
  readonly parts: number;
}): string {
  const { table, key, percent, parts } = request;
  const columns = key.map(quoteIdentifier).join(', ');
  const texts = key.map((name) => `${quoteIdentifier(name)}::text`).join(', ');
  return `
SELECT ARRAY[${texts}] AS bound FROM (
  SELECT ${columns}, row_number() OVER (ORDER BY ${columns}) AS "\tplace", count(*) OVER () AS "\ttotal"
  FROM ${qualified(table)} TABLESAMPLE SYSTEM (${percent}) REPEATABLE (0)
) sample
WHERE "\tplace" > 1 AND ("\tplace" - 1) * ${parts} / "\ttotal" <> ("\tplace" - 2) * ${parts} / "\ttotal"
ORDER BY ${columns}`;
}
