/** What the current user may do with a relation. $1 its OID. */
export const relationRightsQuery = `
SELECT pg_catalog.json_build_object(
  'usage', pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE'),
  'select', pg_catalog.has_table_privilege(c.oid, 'SELECT'),
  'insert', pg_catalog.has_table_privilege(c.oid, 'INSERT'),
  'update', pg_catalog.has_table_privilege(c.oid, 'UPDATE'),
  'delete', pg_catalog.has_table_privilege(c.oid, 'DELETE'),
  'unreadable', (SELECT coalesce(pg_catalog.json_agg(a.attname ORDER BY a.attnum), '[]')
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')),
  'rowsHidden', pg_catalog.row_security_active(c.oid))::text AS item
FROM pg_catalog.pg_class c WHERE c.oid = $1`;

/** What the current user may do with sequences. $1 their schemas, $2 their names. Those that went away are left out. */
export const sequenceRightsQuery = `
SELECT pg_catalog.json_build_object(
  'schema', n.nspname, 'name', c.relname,
  'usage', pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
  'select', pg_catalog.has_sequence_privilege(c.oid, 'SELECT'),
  'update', pg_catalog.has_sequence_privilege(c.oid, 'UPDATE'))::text AS item
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) WITH ORDINALITY AS s (schema, name, place)
JOIN pg_catalog.pg_namespace n ON n.nspname = s.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.name AND c.relkind = 'S'
ORDER BY s.place`;

/** Whether the current user may make a foreign key that refers to some columns of a relation. $1 its OID, $2 the columns. */
export const referenceRightsQuery = `
SELECT pg_catalog.json_build_object(
  'usage', pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE'),
  'references', pg_catalog.has_table_privilege(c.oid, 'REFERENCES') OR (
    SELECT pg_catalog.bool_and(pg_catalog.has_column_privilege(c.oid, a.attnum, 'REFERENCES'))
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = ANY ($2::text[]) AND NOT a.attisdropped))::text AS item
FROM pg_catalog.pg_class c WHERE c.oid = $1`;

/** What the server and database allow the current user to do, as a destination. $1 schemas that matter. */
export const databaseRightsQuery = `
SELECT pg_catalog.json_build_object(
  'database', pg_catalog.current_database(),
  'version', pg_catalog.current_setting('server_version'),
  'standby', pg_catalog.pg_is_in_recovery(),
  'readOnly', pg_catalog.current_setting('default_transaction_read_only') = 'on',
  'temporary', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP'),
  'create', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
  'schemas', (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', n.nspname, 'create', pg_catalog.has_schema_privilege(n.oid, 'CREATE'),
      'usage', pg_catalog.has_schema_privilege(n.oid, 'USAGE'))), '[]')
    FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY ($1::text[])))::text AS item`;

/** Names of everything that could have been meant. */
export const relationNamesQuery = `
SELECT pg_catalog.json_build_object('schema', n.nspname, 'table', c.relname)::text AS item
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY n.nspname, c.relname LIMIT 20000`;
