/**
 * Everything about a table that a swap has to bring along, one fact a row; names of what lies in a schema of its own are told apart from the
 * fact. $1 oid.
 */
export const appearance = `
WITH acl AS (
  SELECT of.what, of.of, string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || ' ' || a.privilege_type
    || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', ' ORDER BY a.grantee::regrole::text, a.privilege_type) AS text
  FROM (
    SELECT 'table' AS what, '' AS of, coalesce(relacl, acldefault('r', relowner)) AS acl FROM pg_catalog.pg_class WHERE oid = $1
    UNION ALL SELECT 'column', attname, attacl FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attacl IS NOT NULL AND NOT attisdropped
  ) AS of, pg_catalog.aclexplode(of.acl) AS a GROUP BY of.what, of.of
)
SELECT kind, name, fact::text AS fact FROM (
SELECT 'table' AS kind, ''::text AS name, jsonb_build_object(
  'persistence', c.relpersistence, 'owner', c.relowner::regrole::text, 'options', c.reloptions,
  'toast', (SELECT reloptions FROM pg_catalog.pg_class WHERE oid = c.reltoastrelid),
  'tablespace', (SELECT spcname FROM pg_catalog.pg_tablespace WHERE oid = c.reltablespace),
  'access', (SELECT amname FROM pg_catalog.pg_am WHERE oid = c.relam), 'rowSecurity', c.relrowsecurity, 'forced', c.relforcerowsecurity,
  'replicaIdentity', c.relreplident, 'grants', (SELECT text FROM acl WHERE what = 'table'),
  'comment', pg_catalog.obj_description(c.oid, 'pg_class')) AS fact
FROM pg_catalog.pg_class AS c WHERE c.oid = $1
UNION ALL
SELECT 'column', a.attname, jsonb_build_object(
  'place', row_number() OVER (ORDER BY a.attnum), 'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'collation', a.attcollation::regcollation::text,
  'required', a.attnotnull, 'identity', a.attidentity, 'generated', a.attgenerated, 'storage', a.attstorage, 'compression', a.attcompression,
  'statistics', coalesce(a.attstattarget, -1), 'options', a.attoptions, 'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
  'grants', (SELECT text FROM acl WHERE what = 'column' AND of = a.attname), 'comment', pg_catalog.col_description(a.attrelid, a.attnum))
FROM pg_catalog.pg_attribute AS a LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'check', c.conname, jsonb_build_object('definition', pg_catalog.pg_get_constraintdef(c.oid), 'comment', pg_catalog.obj_description(c.oid, 'pg_constraint'))
FROM pg_catalog.pg_constraint AS c WHERE c.conrelid = $1 AND c.contype = 'c'
UNION ALL
SELECT 'index', r.relname, jsonb_build_object(
  'constraint', (SELECT pg_catalog.pg_get_constraintdef(c.oid) FROM pg_catalog.pg_constraint AS c
    WHERE c.conindid = r.oid AND c.conrelid = $1 AND c.contype IN ('p', 'u', 'x')),
  'constraintComment', (SELECT pg_catalog.obj_description(c.oid, 'pg_constraint') FROM pg_catalog.pg_constraint AS c
    WHERE c.conindid = r.oid AND c.conrelid = $1 AND c.contype IN ('p', 'u', 'x')),
  'unique', i.indisunique, 'definition', substr(d.def, strpos(d.def, ' USING ')), 'clustered', i.indisclustered, 'replicaIdentity', i.indisreplident,
  'tablespace', (SELECT spcname FROM pg_catalog.pg_tablespace WHERE oid = r.reltablespace), 'comment', pg_catalog.obj_description(r.oid, 'pg_class'))
FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS r ON r.oid = i.indexrelid, LATERAL (SELECT pg_catalog.pg_get_indexdef(r.oid) AS def) AS d
WHERE i.indrelid = $1
UNION ALL
SELECT 'policy', p.polname, jsonb_build_object(
  'command', p.polcmd, 'permissive', p.polpermissive, 'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
  'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), 'comment', pg_catalog.obj_description(p.oid, 'pg_policy'),
  'roles', (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE r::regrole::text END, ', ' ORDER BY r) FROM unnest(p.polroles) AS r))
FROM pg_catalog.pg_policy AS p WHERE p.polrelid = $1
UNION ALL
SELECT 'statistics', s.stxname, jsonb_build_object('columns', pg_catalog.pg_get_statisticsobjdef_columns(s.oid), 'kinds', s.stxkind,
  'target', coalesce(s.stxstattarget, -1), 'owner', s.stxowner::regrole::text, 'comment', pg_catalog.obj_description(s.oid, 'pg_statistic_ext'))
FROM pg_catalog.pg_statistic_ext AS s WHERE s.stxrelid = $1
UNION ALL
SELECT 'sequence', s.relname, jsonb_build_object('column', a.attname, 'options', to_jsonb(q) - 'seqrelid',
  'type', q.seqtypid::regtype::text, 'least', q.seqmin::text, 'most', q.seqmax::text, 'persistence', s.relpersistence,
  'grants', (SELECT string_agg(x.grantee::text || x.privilege_type || x.is_grantable::text, ',' ORDER BY x.grantee, x.privilege_type)
    FROM pg_catalog.aclexplode(coalesce(s.relacl, acldefault('s', s.relowner))) AS x),
  'comment', pg_catalog.obj_description(s.oid, 'pg_class'))
FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = s.oid
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.deptype = 'i'
) AS facts (kind, name, fact) ORDER BY kind, name COLLATE "C"`;

/** Sequences that a column owns without being its identity: they go with the column. $1 oid */
export const ownedSequences = `
SELECT n.nspname AS schema, s.relname AS sequence, a.attname AS column
FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_class AS s ON s.oid = d.objid AND s.relkind = 'S'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.deptype = 'a'
ORDER BY 1, 2`;
