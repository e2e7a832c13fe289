import type { Tables } from '../names.ts';

/** Whether there is a schema, what is in it, and whether a table of its is named as our first one. */
export const surveySql = `
  SELECT n.oid IS NOT NULL AS has_schema,
    EXISTS (SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid) AS has_tables,
    EXISTS (SELECT FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
      WHERE c.relnamespace = n.oid AND c.relname = 'store' AND c.relkind = 'r' AND a.attname = 'lockstep_version') AS is_ours
  FROM (SELECT) AS one LEFT JOIN pg_namespace AS n ON n.nspname = $1`;

export const versionSql = ({ store }: Tables) => `SELECT lockstep_version FROM ${store}`;

/** Made before the first migration, in its transaction. */
export const makeStoreSql = ({ store }: Tables) => `
CREATE TABLE ${store} (
  one bool PRIMARY KEY DEFAULT true CHECK (one),
  store_id text COLLATE "C" NOT NULL,
  lockstep_version int8 NOT NULL
)`;

export const insertStoreSql = ({ store }: Tables) =>
  `INSERT INTO ${store} (store_id, lockstep_version) VALUES ($1, 0)`;

export const setVersionSql = ({ store }: Tables) => `UPDATE ${store} SET lockstep_version = $1`;

/** One migration at a time, of the schemas of this name; released with the transaction, also by a pooler. */
export const lockSql = `SELECT pg_advisory_xact_lock(hashtextextended('lockstep control store ' || $1, 0))`;
