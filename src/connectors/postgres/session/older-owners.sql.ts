import { quoteLiteral } from '../names.ts';

/**
 * Ends sessions of older owners that have a transaction open, which their application_name says: what it begins with, then `#` and the fence.
 * CASE, because the planner may evaluate a plain AND in any order and cast what is no number. $1 fence.
 */
export const endOlderOwners = (prefix: string): string => `
SELECT pid, pg_terminate_backend(pid) AS ended
FROM pg_stat_activity
WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()
  AND starts_with(application_name, ${quoteLiteral(prefix)})
  AND CASE WHEN application_name ~ '#[0-9]{1,16}$'
           THEN substring(application_name FROM '#([0-9]+)$')::int8 < $1::int8
           ELSE false END`;
