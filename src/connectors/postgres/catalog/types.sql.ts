import { needsOf } from './needs.sql.ts';

const quoted = (schema: string, name: string): string =>
  `pg_catalog.quote_ident(${schema}) || '.' || pg_catalog.quote_ident(${name})`;

const collationName = (oid: string): string => `
  (SELECT ${quoted('cn.nspname', 'l.collname')} FROM pg_catalog.pg_collation l
     JOIN pg_catalog.pg_namespace cn ON cn.oid = l.collnamespace WHERE l.oid = ${oid})`;

const functionName = (oid: string): string => `
  (SELECT ${quoted('pn.nspname', 'p.proname')} FROM pg_catalog.pg_proc p
     JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace WHERE p.oid = ${oid})`;

/**
 * The types of the columns of relations and, for each relation, all types that these are made of, with their definitions. An array is what
 * its element names as such: int2vector and point have elements too and are none. $1 OIDs of relations.
 */
export const typesQuery = `
WITH RECURSIVE needed(relation, oid) AS (
  SELECT a.attrelid, a.atttypid FROM pg_catalog.pg_attribute a WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
  UNION
  SELECT needed.relation, next.oid FROM needed JOIN pg_catalog.pg_type t ON t.oid = needed.oid
  CROSS JOIN LATERAL (
    SELECT e.oid FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid
    UNION ALL SELECT t.typbasetype WHERE t.typbasetype <> 0
    UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
              WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
    UNION ALL SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid
  ) next(oid)
)
SELECT pg_catalog.row_to_json(x)::text AS item FROM (
  SELECT needed.relation::bigint AS relation, t.oid::bigint AS oid, pg_catalog.format_type(t.oid, NULL) AS name, n.nspname AS schema, t.typname AS "typeName",
    t.typtype, t.typnotnull AS "notNull", t.typdefault AS "default", ${needsOf('t.typdefaultbin')} AS needs,
    (SELECT e.oid::bigint FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typarray = t.oid) AS "elementOid",
    nullif(t.typbasetype, 0)::bigint AS "baseOid",
    pg_catalog.format_type(nullif(t.typbasetype, 0), t.typtypmod) AS "baseType", t.typtypmod AS "baseTypmod",
    ${collationName('t.typcollation')} AS collation,
    coalesce((SELECT l.collisdeterministic FROM pg_catalog.pg_collation l WHERE l.oid = t.typcollation), true) AS "collationDeterministic",
    (SELECT t.typbasetype <> 0 AND b.typcollation <> t.typcollation FROM pg_catalog.pg_type b WHERE b.oid = t.typbasetype) AS "ownCollation",
    pg_catalog.obj_description(t.oid, 'pg_type') AS comment,
    (SELECT pg_catalog.json_build_object('name', e.extname, 'schema', en.nspname)
     FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
       JOIN pg_catalog.pg_namespace en ON en.oid = e.extnamespace
     WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.refclassid = 'pg_extension'::regclass
       AND d.deptype = 'e') AS extension,
    (SELECT pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid) AS labels,
    (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', k.conname, 'definition', pg_catalog.pg_get_constraintdef(k.oid),
              'needs', ${needsOf('k.conbin')}) ORDER BY k.conname)
     FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c') AS checks,
    (SELECT c.relkind FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid) AS relkind,
    (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
              'name', a.attname, 'typeOid', a.atttypid::bigint, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
              'collation', CASE WHEN a.attcollation <> at.typcollation THEN ${collationName('a.attcollation')} END)
              ORDER BY a.attnum)
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type at ON at.oid = a.atttypid
     WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes,
    (SELECT pg_catalog.json_build_object(
        'subtypeOid', r.rngsubtype::bigint, 'subtype', pg_catalog.format_type(r.rngsubtype, NULL),
        'operatorClass', (SELECT ${quoted('opn.nspname', 'o.opcname')} FROM pg_catalog.pg_opclass o
           JOIN pg_catalog.pg_namespace opn ON opn.oid = o.opcnamespace WHERE o.oid = r.rngsubopc AND NOT o.opcdefault),
        'collation', CASE WHEN r.rngcollation <> rs.typcollation THEN ${collationName('r.rngcollation')} END,
        'canonical', ${functionName('nullif(r.rngcanonical, 0)')},
        'subtypeDiff', ${functionName('nullif(r.rngsubdiff, 0)')},
        'multirangeSchema', mn.nspname, 'multirange', m.typname)
     FROM pg_catalog.pg_range r JOIN pg_catalog.pg_type rs ON rs.oid = r.rngsubtype
       JOIN pg_catalog.pg_type m ON m.oid = r.rngmultitypid JOIN pg_catalog.pg_namespace mn ON mn.oid = m.typnamespace
     WHERE r.rngtypid = t.oid) AS range,
    (SELECT r.rngtypid::bigint FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid) AS "rangeOid"
  FROM needed JOIN pg_catalog.pg_type t ON t.oid = needed.oid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  ORDER BY t.oid
) x`;
