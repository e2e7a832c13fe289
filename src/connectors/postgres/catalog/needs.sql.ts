/**
 * SQL for the functions and operators that a stored expression calls, as a JSON array. Read from the expression's
 * tree, because pg_depend leaves out what the server brings itself, and the other server may be older.
 */
export const needsOf = (tree: string): string => `
  (SELECT coalesce(pg_catalog.json_agg(need ORDER BY need ->> 'signature'), '[]') FROM (
     SELECT pg_catalog.json_build_object('kind', 'function', 'signature', f.oid::regprocedure::text) AS need
     FROM (SELECT DISTINCT m[1]::oid AS oid
           FROM pg_catalog.regexp_matches(${tree}::text, ':funcid (\\d+)', 'g') m) f
     UNION ALL
     SELECT pg_catalog.json_build_object('kind', 'operator', 'signature', o.oid::regoperator::text)
     FROM (SELECT DISTINCT m[1]::oid AS oid
           FROM pg_catalog.regexp_matches(${tree}::text, ':opno (\\d+)', 'g') m) o
   ) needed)`;
