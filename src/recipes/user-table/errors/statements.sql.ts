/** Sessions of ours look nothing up outside pg_catalog, but the migration is also run by hand. */
export const inPublic = (migration: string): string => `SET LOCAL search_path = public; ${migration}`;

/** Whether the table is there. */
export const hasTable = `SELECT to_regclass('public.sync_errors') IS NOT NULL AS present`;

/**
 * $1 entries as JSON, $2 the users that they name. What is open already is counted, not told again: a table of errors must not grow with the
 * length of an outage. Times are the server's own, less the age of the entry.
 *
 * Users are found by equality, which can be hashed and has an index, and none but those of $2 are looked at: also where the server knows nothing
 * of the table yet and compares each with each, that is no more than the square of one statement's entries.
 */
export const insertFailed = `
WITH entries AS (
  SELECT row_number() OVER () AS place, told.* FROM (
    SELECT DISTINCT ON (e.type, e."userId", CASE WHEN e."userId" IS NULL THEN e.data ->> 'code' END) e.*, e.data ->> 'code' AS code
    FROM jsonb_to_recordset($1::jsonb) AS e(type text, "userId" text, message text, stack text, data jsonb, "ageMs" float8, "isReminder" boolean)
    ORDER BY e.type, e."userId", CASE WHEN e."userId" IS NULL THEN e.data ->> 'code' END, e."ageMs" DESC
  ) told
), known AS (
  SELECT e.place, s.id, e."isReminder" FROM entries e
  JOIN public.sync_errors s ON s.error_type = e.type AND s.user_id = e."userId"
  WHERE s.resolved = false AND s.user_id = ANY($2::text[])
  UNION ALL
  SELECT e.place, s.id, e."isReminder" FROM entries e
  JOIN public.sync_errors s ON s.error_type = e.type AND s.additional_data ->> 'code' IS NOT DISTINCT FROM e.code
  WHERE s.resolved = false AND s.user_id IS NULL AND e."userId" IS NULL
), counted AS (
  UPDATE public.sync_errors SET retry_count = coalesce(retry_count, 0) + 1
  WHERE id IN (SELECT id FROM known WHERE "isReminder" IS NOT TRUE)
)
INSERT INTO public.sync_errors (error_type, user_id, error_message, error_stack, additional_data, created_at)
SELECT e.type, e."userId", e.message, e.stack, e.data, now() - e."ageMs" * interval '1 millisecond'
FROM entries e
WHERE NOT EXISTS (SELECT FROM known k WHERE k.place = e.place)`;

/** $1 types, $2 users or null. */
export const resolve = `
UPDATE public.sync_errors SET resolved = true, resolved_at = now()
WHERE resolved = false AND error_type = ANY($1::text[]) AND ($2::text[] IS NULL OR user_id = ANY($2::text[]))`;

/** $1 types, $2 users whose rows stay open, $3 how many milliseconds ago: what has failed since may be another process's. */
export const resolveOthers = `
UPDATE public.sync_errors SET resolved = true, resolved_at = now()
WHERE resolved = false AND created_at <= now() - $3::float8 * interval '1 millisecond' AND error_type = ANY($1::text[]) AND user_id IS NOT NULL AND NOT user_id = ANY($2::text[])`;

/** $1 days, $2 rows at most. What is still true of a user stays: there is one row of it. */
export const forget = `
WITH gone AS (
  DELETE FROM public.sync_errors WHERE id IN (
    SELECT id FROM public.sync_errors
    WHERE created_at < now() - $1 * interval '1 day' AND (resolved OR user_id IS NULL) LIMIT $2
  ) RETURNING 1
)
SELECT count(*)::int AS gone FROM gone`;

export const countOpen = 'SELECT count(*)::int AS open FROM public.sync_errors WHERE resolved = false';
