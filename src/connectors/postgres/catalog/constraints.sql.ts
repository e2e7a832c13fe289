import { needsOf } from './needs.sql.ts';

/** SQL: names of the columns with these numbers, in the numbers' order, as JSON. */
const columnNames = (relation: string, numbers: string): string => `
  (SELECT coalesce(pg_catalog.json_agg(a.attname ORDER BY u.place), '[]')
   FROM pg_catalog.unnest(${numbers}) WITH ORDINALITY u(attnum, place)
     JOIN pg_catalog.pg_attribute a ON a.attrelid = ${relation} AND a.attnum = u.attnum)`;

const constraintFields = `
    'name', k.conname, 'type', k.contype, 'definition', pg_catalog.pg_get_constraintdef(k.oid),
    'deferrable', k.condeferrable, 'columns', ${columnNames('k.conrelid', 'k.conkey')},
    'comment', pg_catalog.obj_description(k.oid, 'pg_constraint')`;

/** Valid indexes with the constraints that they carry. $1 OIDs of relations. */
export const indexesQuery = `
SELECT pg_catalog.row_to_json(x)::text AS item FROM (
  SELECT i.indrelid::bigint AS relation, ic.relname AS name, pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
    'CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || pg_catalog.quote_ident(ic.relname) || ' ON '
      || CASE WHEN ic.relkind = 'I' THEN 'ONLY ' ELSE '' END || i.indrelid::regclass::text || ' ' AS prefix,
    i.indisunique AS unique, i.indisprimary AS primary, i.indisexclusion AS exclusion,
    i.indimmediate AS immediate, i.indnullsnotdistinct AS "nullsNotDistinct",
    0 = ANY (i.indkey) AS expressions,
    pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
    (SELECT coalesce(pg_catalog.json_agg(a.attname ORDER BY u.place), '[]')
     FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, place)
       JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum
     WHERE u.place <= i.indnkeyatts) AS "keyColumns",
    (SELECT coalesce(pg_catalog.json_agg(a.attname ORDER BY a.attnum), '[]') FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (a.attnum = ANY (i.indkey) OR EXISTS (
       SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
         AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))) AS columns,
    ${needsOf("concat(i.indexprs::text, ' ', i.indpred::text)")} AS needs,
    (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('kind', 'operator class',
        'signature', am.amname || ' ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(o.opcname))), '[]')
     FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am am ON am.oid = o.opcmethod
       JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace
     WHERE o.oid = ANY (i.indclass) AND n.nspname <> 'pg_catalog') AS "operatorClasses",
    (SELECT pg_catalog.json_build_object(${constraintFields}) FROM pg_catalog.pg_constraint k
     WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) AS "constraint",
    pg_catalog.obj_description(i.indexrelid, 'pg_class') AS comment
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
  WHERE i.indrelid = ANY ($1::oid[]) AND i.indisvalid AND i.indislive
  ORDER BY i.indisprimary DESC, ic.relname
) x`;

/** Checks. $1 OIDs of relations. */
export const checksQuery = `
SELECT pg_catalog.json_build_object('relation', k.conrelid::bigint, ${constraintFields},
    'enforced', coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::boolean, true), 'validated', k.convalidated,
    'needs', ${needsOf('k.conbin')})::text AS item
FROM pg_catalog.pg_constraint k WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'c'
ORDER BY k.conname`;

/** Foreign keys of relations. $1 their OIDs. */
export const referencesQuery = `
SELECT pg_catalog.json_build_object(
    'relation', k.conrelid::bigint, 'name', k.conname, 'schema', n.nspname, 'table', c.relname,
    'columns', ${columnNames('k.conrelid', 'k.conkey')},
    'referencedColumns', ${columnNames('k.confrelid', 'k.confkey')},
    'deferrable', k.condeferrable, 'definition', pg_catalog.pg_get_constraintdef(k.oid),
    'options', pg_catalog.json_build_object(
      'match', k.confmatchtype, 'onUpdate', k.confupdtype, 'onDelete', k.confdeltype,
      'onDeleteColumns', ${columnNames('k.conrelid', 'k.confdelsetcols')},
      'initiallyDeferred', k.condeferred),
    'validated', k.convalidated,
    'enforced', coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::boolean, true),
    'temporal', coalesce((pg_catalog.to_jsonb(k) ->> 'conperiod')::boolean, false),
    'comment', pg_catalog.obj_description(k.oid, 'pg_constraint'))::text AS item
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.confrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'f' AND k.conparentid = 0
ORDER BY k.conname`;
