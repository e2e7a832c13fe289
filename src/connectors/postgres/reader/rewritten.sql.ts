/**
 * True when the table was rewritten (TRUNCATE, some ALTER TABLE) after the snapshot was taken: it would then read as empty, or
 * as it is now, without an error. What the snapshot sees in pg_class is compared with what is there. $1 the qualified name.
 */
export const rewrittenQuery = `
SELECT coalesce(bool_or(c.relfilenode <> pg_catalog.pg_relation_filenode(c.oid)), false) AS rewritten
FROM pg_catalog.pg_class c
WHERE c.relfilenode <> 0
  AND (c.oid = $1::regclass OR c.oid IN (SELECT t.relid FROM pg_catalog.pg_partition_tree($1::regclass) t))`;
