import { leavesOf } from './leaves.sql.ts';

/**
 * What capturing a table depends on. Replica identities are those of the tables that hold the rows: of a partitioned table, of its table
 * partitions. `unspeakable`: the type's output function gives another text than its cast to text, by which the reader spells it: xml
 * loses its declaration, and casts that are functions may do anything (those of the built-in types are known and made up for).
 * $1 schemas, $2 names, in pairs.
 */
export const capturedTablesQuery = `
SELECT pg_catalog.json_build_object(
  'schema', n.nspname, 'table', c.relname, 'kind', c.relkind, 'persistence', c.relpersistence,
  'owner', pg_catalog.pg_get_userbyid(c.relowner), 'owned', pg_catalog.pg_has_role(c.relowner, 'USAGE'),
  'children', c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid),
  'columns', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname, 'virtual', a.attgenerated = 'v',
      'published', a.attgenerated = '' OR (a.attgenerated = 's' AND pg_catalog.current_setting('server_version_num')::int4 >= 180000),
      'unspeakable', base.oid = 'xml'::regtype OR EXISTS (SELECT FROM pg_catalog.pg_cast k WHERE k.castsource = base.oid
        AND k.casttarget = 'text'::regtype AND k.castfunc <> 0 AND base.oid >= 10000)) ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a CROSS JOIN LATERAL (
      WITH RECURSIVE under(oid) AS (
        SELECT a.atttypid UNION ALL
        SELECT t.typbasetype FROM under JOIN pg_catalog.pg_type t ON t.oid = under.oid WHERE t.typtype = 'd')
      SELECT u.oid FROM under u JOIN pg_catalog.pg_type t ON t.oid = u.oid WHERE t.typtype <> 'd') base(oid)
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'holders', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'schema', hn.nspname, 'table', h.relname, 'identity', h.relreplident, 'persistence', h.relpersistence, 'kind', h.relkind,
      'columns', (SELECT pg_catalog.json_agg(ia.attname ORDER BY ia.attnum)
        FROM pg_catalog.pg_index x JOIN pg_catalog.pg_attribute ia ON ia.attrelid = h.oid AND ia.attnum = ANY (x.indkey::int2[])
        WHERE x.indrelid = h.oid AND x.indimmediate AND x.indisvalid
          AND ((h.relreplident = 'd' AND x.indisprimary) OR (h.relreplident = 'i' AND x.indisreplident)))))
    FROM (SELECT c.oid WHERE c.relkind <> 'p'
          UNION ALL SELECT p.oid FROM ${leavesOf('c.oid')} p WHERE c.relkind = 'p') held(oid)
      JOIN pg_catalog.pg_class h ON h.oid = held.oid JOIN pg_catalog.pg_namespace hn ON hn.oid = h.relnamespace))::text AS item
FROM unnest($1::text[], $2::text[]) AS asked(schema, name)
  JOIN pg_catalog.pg_namespace n ON n.nspname = asked.schema
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = asked.name
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')`;

/** $1 the publication's name. */
export const publicationQuery = `
SELECT pg_catalog.json_build_object(
  'allTables', p.puballtables, 'viaRoot', p.pubviaroot, 'owned', pg_catalog.pg_has_role(p.pubowner, 'USAGE'),
  'everything', p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate,
  'generated', pg_catalog.to_jsonb(p) ->> 'pubgencols',
  'comment', pg_catalog.obj_description(p.oid, 'pg_publication'),
  'tables', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('schema', n.nspname, 'table', c.relname,
      'filtered', r.prqual IS NOT NULL,
      'columns', (SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum = ANY (r.prattrs::int2[])))), '[]')
    FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_class c ON c.oid = r.prrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE r.prpubid = p.oid))::text AS item
FROM pg_catalog.pg_publication p WHERE p.pubname = $1`;
