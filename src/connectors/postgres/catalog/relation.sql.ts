/**
 * One row for each relation that there is: itself, its database, and its size. Statistics that were never taken are replaced by the
 * file's size over the columns' likely width, as the planner does; bytes include what is stored out of line. $1 schemas, $2 the names in them; `place` counts them from 1.
 */
export const relationQuery = `
WITH RECURSIVE relation AS (
  SELECT asked.place, n.nspname, c.*
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) WITH ORDINALITY asked(nspname, relname, place)
    JOIN pg_catalog.pg_namespace n ON n.nspname = asked.nspname
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = asked.relname
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
), member AS (
  SELECT oid AS root, oid FROM relation
  UNION
  SELECT m.root, i.inhrelid FROM member m JOIN pg_catalog.pg_inherits i ON i.inhparent = m.oid
), size AS (
  SELECT m.root, pg_catalog.pg_relation_size(c.oid) + coalesce(pg_catalog.pg_relation_size(nullif(c.reltoastrelid, 0)), 0) AS bytes,
         CASE WHEN c.relkind NOT IN ('r', 'm', 'f') THEN 0
              WHEN c.relkind = 'f' THEN greatest(c.reltuples, 0)
              WHEN c.reltuples >= 0 AND c.relpages > 0
                THEN c.reltuples / c.relpages * (pg_catalog.pg_relation_size(c.oid) / 8192)
              ELSE pg_catalog.pg_relation_size(c.oid) / (28 + (
                SELECT sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE 16 END)
                FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
         END AS rows
  FROM member m JOIN pg_catalog.pg_class c ON c.oid = m.oid
)
SELECT pg_catalog.row_to_json(x)::text AS item FROM (
  SELECT r.place, r.oid::bigint AS oid, r.nspname AS schema, r.relname AS "table", r.relkind AS kind, r.relpersistence AS persistence,
    r.relispartition AS "isPartition",
    CASE WHEN r.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) END AS "partitionKey",
    pg_catalog.json_build_object('enabled', r.relrowsecurity, 'forced', r.relforcerowsecurity) AS "rowSecurity",
    pg_catalog.obj_description(r.oid, 'pg_class') AS comment,
    pg_catalog.pg_get_userbyid(r.relowner) AS owner,
    coalesce((SELECT round(sum(rows)) FROM size WHERE root = r.oid), 0) AS "estimatedRows",
    coalesce((SELECT sum(bytes) FROM size WHERE root = r.oid), 0) AS "estimatedBytes",
    (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('schema', n.nspname, 'table', c.relname)
              ORDER BY n.nspname, c.relname), '[]')
     FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE i.inhparent = r.oid) AS inheritors,
    (SELECT pg_catalog.json_build_object(
        'name', d.datname,
        'version', pg_catalog.current_setting('server_version_num')::int4,
        'encoding', pg_catalog.pg_encoding_to_char(d.encoding),
        'collation', pg_catalog.json_build_object(
          'name', 'pg_catalog."default"', 'isDefault', true, 'isOfType', true,
          'provider', d.datlocprovider,
          'locale', CASE WHEN d.datlocprovider = 'c' THEN d.datcollate
                    ELSE coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') END,
          'deterministic', true,
          'version', pg_catalog.pg_database_collation_actual_version(d.oid)))
     FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) AS database
  FROM relation r
) x`;
