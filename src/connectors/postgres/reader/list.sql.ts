export interface RelationRow {
  readonly schema: string;
  readonly table: string;
  readonly kind: string;
  readonly partition: boolean;
}

/** All relations with rows outside of the system's schemas. */
export const relationsQuery = `
SELECT n.nspname::text AS schema, c.relname::text AS "table", c.relkind::text AS kind, c.relispartition AS partition
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND c.relpersistence <> 't'`;
