/**
 * One row: which of the things that a new table needs are at the destination. $1 schema, $2 table, $3 schemas, $4 types,
 * $5 collations (qualified), $6 functions, $7 operators, $8 operator classes, $9 extensions, $10 relation names.
 * Functions are compared by their spelling: before PostgreSQL 16 to_regprocedure() raises for unknown argument types.
 */
export const targetFactsQuery = `
SELECT pg_catalog.json_build_object(
  'version', pg_catalog.current_setting('server_version_num')::int4,
  'tableExists', EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                         WHERE n.nspname = $1 AND c.relname = $2),
  'schemas', (SELECT coalesce(pg_catalog.json_agg(n.nspname), '[]') FROM pg_catalog.pg_namespace n
              WHERE n.nspname = ANY ($3::text[])),
  'types', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
              'name', x.name, 'typtype', t.typtype,
              'labels', (SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder)
                         FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid))), '[]')
            FROM pg_catalog.unnest($4::text[]) x(name) JOIN pg_catalog.pg_type t ON t.oid = pg_catalog.to_regtype(x.name)),
  'collations', (SELECT coalesce(pg_catalog.json_agg(x.name), '[]') FROM pg_catalog.unnest($5::text[]) x(name)
                 WHERE pg_catalog.to_regcollation(x.name) IS NOT NULL),
  'needs', (SELECT coalesce(pg_catalog.json_agg(f.need), '[]') FROM (
      SELECT 'function ' || (p.oid::regprocedure)::text AS need FROM pg_catalog.pg_proc p
      WHERE pg_catalog.cardinality($6::text[]) > 0 AND (p.oid::regprocedure)::text = ANY ($6::text[])
      UNION ALL
      SELECT 'operator ' || (o.oid::regoperator)::text FROM pg_catalog.pg_operator o
      WHERE pg_catalog.cardinality($7::text[]) > 0 AND (o.oid::regoperator)::text = ANY ($7::text[])
      UNION ALL
      SELECT 'operator class ' || c.signature FROM (
        SELECT am.amname || ' ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.opcname) AS signature
        FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am am ON am.oid = o.opcmethod
          JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace) c
      WHERE c.signature = ANY ($8::text[])) f),
  'extensions', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', e.extname, 'schema', n.nspname)), '[]')
                 FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
                 WHERE e.extname = ANY ($9::text[])),
  'availableExtensions', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
                            'name', v.name, 'superuser', v.superuser, 'trusted', v.trusted)), '[]')
                          FROM pg_catalog.pg_available_extensions a
                            JOIN pg_catalog.pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version
                          WHERE pg_catalog.cardinality($9::text[]) > 0 AND a.name = ANY ($9::text[])),
  'isSuperuser', (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user),
  'relations', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname)), '[]')
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relname = ANY ($10::text[]))
)::text AS item`;
