import { needsOf } from './needs.sql.ts';

/** The columns in order. $1 OIDs of relations. A NOT NULL that is not validated yet (18) does not count. */
export const columnsQuery = `
SELECT pg_catalog.row_to_json(x)::text AS item FROM (
  SELECT a.attrelid::bigint AS relation, a.attname AS name, a.attnum AS position, a.atttypid::bigint AS "typeOid", a.atttypmod AS typmod,
    pg_catalog.format_type(a.atttypid, a.atttypmod) AS "formatType",
    a.attnotnull AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_constraint k
      WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated
    ) AS "notNull",
    pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS "default",
    ${needsOf('d.adbin')} AS needs,
    (SELECT coalesce(pg_catalog.json_agg(DISTINCT ua.attname), '[]')
     FROM pg_catalog.pg_depend ud JOIN pg_catalog.pg_attribute ua ON ua.attrelid = ud.refobjid AND ua.attnum = ud.refobjsubid
     WHERE a.attgenerated <> '' AND ud.classid = 'pg_attrdef'::regclass AND ud.objid = d.oid
       AND ud.refclassid = 'pg_class'::regclass AND ud.refobjid = a.attrelid AND ud.refobjsubid NOT IN (0, a.attnum)) AS uses,
    nullif(a.attidentity, '') AS identity,
    nullif(a.attgenerated, '') AS generated,
    pg_catalog.col_description(a.attrelid, a.attnum) AS comment,
    CASE WHEN l.oid IS NOT NULL THEN pg_catalog.json_build_object(
      'name', pg_catalog.quote_ident(ln.nspname) || '.' || pg_catalog.quote_ident(l.collname),
      'isDefault', l.collprovider = 'd',
      'isOfType', a.attcollation = t.typcollation,
      'provider', l.collprovider,
      'locale', coalesce(pg_catalog.to_jsonb(l) ->> 'colllocale', pg_catalog.to_jsonb(l) ->> 'colliculocale', l.collcollate),
      'deterministic', l.collisdeterministic,
      'version', pg_catalog.pg_collation_actual_version(l.oid)) END AS collation,
    (SELECT pg_catalog.json_build_object(
        'oid', s.oid::bigint, 'schema', sn.nspname, 'name', s.relname, 'owned', o.objid IS NOT NULL,
        'dataType', pg_catalog.format_type(q.seqtypid, NULL), 'start', q.seqstart::text,
        'increment', q.seqincrement::text, 'min', q.seqmin::text, 'max', q.seqmax::text,
        'cache', q.seqcache::text, 'cycle', q.seqcycle,
        'readable', pg_catalog.has_schema_privilege(sn.oid, 'USAGE') AND pg_catalog.has_sequence_privilege(s.oid, 'SELECT'))
     FROM pg_catalog.pg_class s
       JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
       JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
       LEFT JOIN pg_catalog.pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = s.oid AND o.objsubid = 0
         AND o.refclassid = 'pg_class'::regclass AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum
         AND o.deptype IN ('a', 'i')
     WHERE s.relkind = 'S' AND (
       (a.attidentity <> '' AND o.deptype = 'i')
       OR EXISTS (SELECT FROM pg_catalog.pg_depend u
                  WHERE u.classid = 'pg_attrdef'::regclass AND u.objid = d.oid
                    AND u.refclassid = 'pg_class'::regclass AND u.refobjid = s.oid))
     ORDER BY o.objid NULLS LAST, s.oid LIMIT 1) AS sequence
  FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace
  WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum
) x`;
