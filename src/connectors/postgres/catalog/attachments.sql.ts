/**
 * One row for each relation: what hangs on it and is neither copied nor ours: triggers, policies, rules, grants, publications,
 * storage parameters, extended statistics, and the foreign keys of other tables. $1 their OIDs. The bits of tgtype are those of pg_trigger.h.
 */
export const attachmentsQuery = `
SELECT pg_catalog.json_build_object(
  'relation', c.oid::bigint,
  'triggers', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', t.tgname, 'definition', pg_catalog.pg_get_triggerdef(t.oid), 'enabled', t.tgenabled,
      'timing', CASE WHEN t.tgtype & 64 <> 0 THEN 'instead of' WHEN t.tgtype & 2 <> 0 THEN 'before' ELSE 'after' END,
      'forEach', CASE WHEN t.tgtype & 1 <> 0 THEN 'row' ELSE 'statement' END,
      'events', pg_catalog.array_remove(ARRAY[
        CASE WHEN t.tgtype & 4 <> 0 THEN 'insert' END, CASE WHEN t.tgtype & 16 <> 0 THEN 'update' END,
        CASE WHEN t.tgtype & 8 <> 0 THEN 'delete' END, CASE WHEN t.tgtype & 32 <> 0 THEN 'truncate' END], NULL))
      ORDER BY t.tgname), '[]')
    FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
  'policies', (SELECT coalesce(pg_catalog.json_agg(p.polname ORDER BY p.polname), '[]')
    FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid),
  'rules', (SELECT coalesce(pg_catalog.json_agg(r.rulename ORDER BY r.rulename), '[]')
    FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'),
  'grantees', (SELECT coalesce(pg_catalog.json_agg(DISTINCT g.name), '[]') FROM (
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee)::text END AS name
      FROM pg_catalog.aclexplode(c.relacl) x WHERE x.grantee <> c.relowner
      UNION
      SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee)::text END
      FROM pg_catalog.pg_attribute a, pg_catalog.aclexplode(a.attacl) x
      WHERE a.attrelid = c.oid AND x.grantee <> c.relowner) g),
  'publications', (SELECT coalesce(pg_catalog.json_agg(p.pubname ORDER BY p.pubname), '[]')
    FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_publication_rel r ON r.prpubid = p.oid WHERE r.prrelid = c.oid),
  'storageParameters', coalesce(pg_catalog.to_json(c.reloptions), '[]'),
  'extendedStatistics', (SELECT coalesce(pg_catalog.json_agg(s.stxname ORDER BY s.stxname), '[]')
    FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = c.oid),
  'referencedBy', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'schema', n.nspname, 'table', f.relname, 'name', k.conname, 'onDelete', k.confdeltype, 'onUpdate', k.confupdtype)
      ORDER BY n.nspname, f.relname, k.conname), '[]')
    FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class f ON f.oid = k.conrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = f.relnamespace
    WHERE k.confrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0)
)::text AS item
FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[])`;
