import { enumsOf } from '../../enums.sql.ts';

/**
 * What a source table and everything beneath it (table partitions, tables that inherit) looks like, from the catalogue alone: nothing here
 * takes a lock on a table, so nobody's DDL holds us up. One JSON document per wanted table.
 * $1 OIDs and $2 names of wanted tables: an OID of 0 means by name. $3 schemas of the names. $4 our schema, $5 pattern of our functions,
 * $6 log, $7 gap sequence
 */
export const tablesQuery = `
WITH RECURSIVE wanted AS (
  SELECT w.place, w.schema, w.name, c.oid
  FROM unnest($1::oid[], $2::text[], $3::text[]) WITH ORDINALITY AS w(oid, name, schema, place)
  LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
  LEFT JOIN pg_catalog.pg_class c ON CASE WHEN w.oid = 0 THEN c.relname = w.name AND c.relnamespace = n.oid ELSE c.oid = w.oid END
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
), beneath AS (
  SELECT w.place, w.oid FROM wanted w WHERE w.oid IS NOT NULL
  UNION
  SELECT b.place, i.inhrelid FROM beneath b JOIN pg_catalog.pg_inherits i ON i.inhparent = b.oid AND NOT i.inhdetachpending
), ours AS (
  SELECT p.oid, p.proname, pg_catalog.md5(p.prosrc) AS body, p.proowner, p.prosecdef
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = $4 AND p.proname ~ $5
)
SELECT w.place::int4 AS place, CASE WHEN w.oid IS NOT NULL THEN pg_catalog.json_build_object(
  'oid', w.oid::int8,
  'members', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', c.oid::int8, 'schema', n.nspname, 'table', c.relname, 'kind', c.relkind, 'persistence', c.relpersistence,
      'filenode', pg_catalog.pg_relation_filenode(c.oid)::int8,
      'owner', pg_catalog.pg_get_userbyid(c.relowner), 'owned', pg_catalog.pg_has_role(c.relowner, 'USAGE'),
      'mayTrigger', pg_catalog.has_table_privilege(c.oid, 'TRIGGER'),
      'subscribed', EXISTS (SELECT FROM pg_catalog.pg_subscription_rel s WHERE s.srrelid = c.oid),
      'triggers', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'name', t.tgname, 'enabled', t.tgenabled, 'function', o.proname) ORDER BY t.tgname), '[]')
        FROM pg_catalog.pg_trigger t JOIN ours o ON o.oid = t.tgfoid WHERE t.tgrelid = c.oid AND t.tgparentid = 0)
    ) ORDER BY c.oid <> w.oid, n.nspname, c.relname)
    FROM beneath b JOIN pg_catalog.pg_class c ON c.oid = b.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE b.place = w.place),
  'columns', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', a.attname, 'number', a.attnum, 'formatType', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'type', pg_catalog.format_type(CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE y.oid END, NULL)) ORDER BY a.attnum), '[]')
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
    WHERE a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'enums', ${enumsOf('w.oid')},
  'functions', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', o.proname, 'body', o.body,
      'logs', o.prosecdef
        AND coalesce(pg_catalog.has_table_privilege(o.proowner, pg_catalog.to_regclass($6), 'INSERT'), false)
        AND coalesce(pg_catalog.has_sequence_privilege(o.proowner, pg_catalog.to_regclass($7)::oid, 'USAGE'), false))
      ORDER BY o.proname), '[]')
    FROM ours o WHERE EXISTS (SELECT FROM pg_catalog.pg_trigger t JOIN beneath b ON b.oid = t.tgrelid AND b.place = w.place WHERE t.tgfoid = o.oid))
)::text END AS item
FROM wanted w ORDER BY w.place`;

/** Triggers of ours anywhere, with where they are. $1 our schema, $2 pattern of our functions */
export const ourTriggersQuery = `
SELECT pg_catalog.json_build_object('oid', c.oid::int8, 'schema', n.nspname, 'table', c.relname,
  'owned', pg_catalog.pg_has_role(c.relowner, 'USAGE'), 'trigger', t.tgname, 'function', p.proname)::text AS item
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid JOIN pg_catalog.pg_namespace o ON o.oid = p.pronamespace
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE o.nspname = $1 AND p.proname ~ $2 AND t.tgparentid = 0 ORDER BY n.nspname, c.relname, t.tgname`;

/** $1 our schema, $2 pattern of our functions */
export const ourFunctionsQuery = `
SELECT pg_catalog.json_build_object('name', p.proname, 'body', pg_catalog.md5(p.prosrc))::text AS item
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = $1 AND p.proname ~ $2 ORDER BY p.proname`;
