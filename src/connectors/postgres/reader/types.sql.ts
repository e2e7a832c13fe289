/** Types by OID, with the types that their elements and domains are made of. $1: oid[]. */
export const typesByOid = `
WITH RECURSIVE needed(oid) AS (
  SELECT pg_catalog.unnest($1::oid[])
  UNION
  SELECT next.oid FROM needed JOIN pg_catalog.pg_type t ON t.oid = needed.oid
  CROSS JOIN LATERAL (
    SELECT e.oid FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid
    UNION ALL SELECT t.typbasetype WHERE t.typbasetype <> 0
  ) next(oid)
)
SELECT t.oid, pg_catalog.format_type(t.oid, NULL) AS name, n.nspname::text AS schema, t.typtype::text AS typtype,
  (SELECT e.oid FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid) AS element,
  nullif(t.typbasetype, 0) AS base
FROM needed JOIN pg_catalog.pg_type t ON t.oid = needed.oid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace`;
