/** Indexes of a table with what belongs to them, that of the primary key first. $1 oid */
export const indexesOf = `
SELECT r.relname AS name, i.indisunique AS unique, pg_catalog.pg_get_indexdef(r.oid) AS definition,
  c.contype AS "constraint", coalesce(c.condeferrable, false) AS deferrable, coalesce(c.condeferred, false) AS deferred,
  coalesce((SELECT spcname FROM pg_catalog.pg_tablespace WHERE oid = r.reltablespace), '') AS tablespace,
  i.indisclustered AS clustered, i.indisreplident AS "replicaIdentity",
  pg_catalog.obj_description(r.oid, 'pg_class') AS comment, pg_catalog.obj_description(c.oid, 'pg_constraint') AS "constraintComment",
  (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('column', a.attnum, 'target', a.attstattarget) ORDER BY a.attnum), '[]')
   FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = r.oid AND coalesce(a.attstattarget, -1) <> -1)::text AS statistics
FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS r ON r.oid = i.indexrelid
  LEFT JOIN pg_catalog.pg_constraint AS c ON c.conindid = r.oid AND c.conrelid = $1 AND c.contype IN ('p', 'u')
WHERE i.indrelid = $1
ORDER BY i.indisprimary DESC, r.relname`;
