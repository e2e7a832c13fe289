/** What counts or numbers, and so differs by nature. */
const counted = `'{oid,relfilenode,relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid}'::text[]`;
const column = `pg_catalog.to_jsonb(a) - '{attrelid,attcacheoff,attmissingval}'::text[]`;

/**
 * A table with its keys and indexes as the catalogue has them, one thing a row: what a newer server adds to these catalogues is in it too. Stored
 * expressions are left to the definitions: they remember where they stood in the text that they were made from. $1 oid.
 */
export const portrait = `
SELECT what, fact::text AS fact FROM (
  SELECT 'the table' AS what, pg_catalog.to_jsonb(c) - ${counted} AS fact FROM pg_catalog.pg_class AS c WHERE c.oid = $1
  UNION ALL
  SELECT 'its column ' || a.attname, ${column} FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = $1
  UNION ALL
  SELECT 'its index ' || c.relname, (pg_catalog.to_jsonb(i) - '{indexrelid,indexprs,indpred,indcheckxmin}'::text[]) || pg_catalog.jsonb_build_object(
    'class', pg_catalog.to_jsonb(c) - ${counted}, 'definition', pg_catalog.pg_get_indexdef(c.oid),
    'comment', pg_catalog.obj_description(c.oid, 'pg_class'),
    'columns', (SELECT pg_catalog.jsonb_agg(${column} ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid))
  FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid WHERE i.indrelid = $1
  UNION ALL
  SELECT 'its constraint ' || k.conname, (pg_catalog.to_jsonb(k) - '{oid,conindid,conbin}'::text[]) || pg_catalog.jsonb_build_object(
    'index', (SELECT relname FROM pg_catalog.pg_class WHERE oid = k.conindid), 'definition', pg_catalog.pg_get_constraintdef(k.oid),
    'comment', pg_catalog.obj_description(k.oid, 'pg_constraint'))
  FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = $1
) AS facts ORDER BY what COLLATE "C"`;
