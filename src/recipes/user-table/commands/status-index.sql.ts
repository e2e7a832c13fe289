const index = 'public.idx_users_status_updated';

/** What says, at the index itself, that `setup` made it: an index of somebody else with this name has no such comment. */
const mark = 'Made by lockstep user-table setup; lockstep user-table remove drops it';

/** No row: there is none. Something else than an index with this name is left alone, as an index of somebody else is. */
export const findIndex = `
SELECT coalesce(i.indisvalid, true) AS "isValid", coalesce(obj_description(c.oid, 'pg_class') = '${mark}', false) AS "isOurs"
FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.oid = to_regclass('${index}')`;

export const createIndex = `CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_users_status_updated ON public.users (status, updated_at DESC)`;

export const markIndex = `COMMENT ON INDEX ${index} IS '${mark}'`;

export const dropIndex = `DROP INDEX CONCURRENTLY IF EXISTS ${index}`;

/**
 * Whether somebody makes an index of the table just now, who holds this lock until it is made; so does a vacuum, and no reader or writer of rows.
 * To wait for the lock itself would end the other's work: it waits for whoever looked at the catalogue before, and that is a deadlock.
 */
export const isWorkedOn = `
SELECT EXISTS (
  SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
  WHERE l.relation = to_regclass('public.users') AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
) AS busy`;

/** Only the owner of a table may make an index of it, and only who may make something in its schema. */
export const rightsForIndex = `
SELECT quote_ident(current_user) AS role, CASE
    WHEN EXISTS (SELECT FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid = to_regclass('${index}') AND coalesce(i.indisvalid, true)) THEN NULL
    WHEN NOT pg_has_role(c.relowner, 'USAGE') THEN quote_ident(pg_get_userbyid(c.relowner))
    WHEN NOT has_schema_privilege('public', 'CREATE') THEN 'CREATE ON SCHEMA public'
  END AS lacking
FROM pg_class c WHERE c.oid = to_regclass('public.users')`;
